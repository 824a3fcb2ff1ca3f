import type { Windowed } from '../window/windowed.js';
import type { TimestampedValue } from './key-value-store.js';
import type { StateStore } from './state-store.js';

/** A session: its first and last record's times, both inclusive, and the aggregate of its records. */
export interface Session<K, V> {
  readonly key: K;
  readonly startMs: number;
  readonly endMs: number;
  readonly value: V;
}

/**
 * Sessions by key and time. One whose end is more than the retention before that of the latest is gone, as in Kafka Streams.
 */
export interface SessionStore<K, V> extends StateStore {
  /** The sessions of a key that end at `earliestEndMs` or later and start at `latestStartMs` or earlier, in order of end and start. */
  find(key: K, earliestEndMs: number, latestStartMs: number): readonly Session<K, V>[];
  /** The sessions of all keys that end in [fromMs, toMs], in order of their ends; gone ones too, until the next commit. */
  endingIn(fromMs: number, toMs: number): IterableIterator<Session<K, V>>;
  /** The end of the latest session; undefined when there is none. */
  latestEndMs(): number | undefined;
  /** Sets a session's value; one with the same start and end is replaced. */
  put(session: Session<K, V>): void;
  /** Deletes a session. Its end counts as a time that was seen, whether there was such a session or not. */
  remove(session: Session<K, unknown>): void;
  /** All sessions, in order of their ends. */
  entries(): IterableIterator<[Windowed<K>, TimestampedValue<V>]>;
  /** A text that stands for the key and no other. */
  textOf(key: K): string;
}
