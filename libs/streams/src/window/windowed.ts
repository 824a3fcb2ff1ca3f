/** A key within a window: the window's start is inclusive, its end exclusive, both in milliseconds since the epoch. */
export interface Windowed<K> {
  readonly key: K;
  readonly startMs: number;
  readonly endMs: number;
}
