/** When a windowed aggregate emits: on every update, or once, when stream time has passed the window's end plus the grace. */
export type EmitStrategy = 'update' | 'close';

/** What the nodes that fold windows have in common. */
export interface WindowedFold {
  /** Names the stream time: the aggregate's name, also where several nodes fold into it. */
  readonly time: string;
  readonly store: string;
  /** The operator below that takes late records; undefined where they are only counted. */
  readonly late: string | undefined;
  /** `undefined` stands for no aggregate yet. */
  readonly add: (aggregate: unknown, value: unknown, key: unknown) => unknown;
  readonly emit: EmitStrategy;
  /** Whether only the last update of a key and window since the previous commit is logged and passed on. */
  readonly isCached: boolean;
}
