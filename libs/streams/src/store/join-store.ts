import type { Serde } from '../serde/serde.js';
import type { StateStore } from './state-store.js';

/** A record of one side of a join. */
export interface JoinRow<V> {
  readonly timestampMs: number;
  readonly sequence: number;
  readonly value: V;
}

/**
 * One side of a windowed stream-stream join: every record within the retention, several of one key and time included, per
 * key in order of time.
 *
 * The retention is counted from the latest row of this side, as in Kafka Streams' window stores: a row of exactly that age is
 * gone. What is found does not depend on when room is given back, nor on restarts.
 */
export interface JoinStore<K, V> extends StateStore {
  /** How values are written: bytes handed to {@link add} must come from it. */
  readonly value: Serde<V>;
  /** Adds a row unless its time is past the retention already. `valueBytes` spares serializing a value that has bytes. */
  add(key: K, value: V, timestampMs: number, valueBytes?: Buffer): void;
  /** The rows of a key with a time in [fromMs, toMs], in order of time. The array is the caller's. */
  fetch(key: K, fromMs: number, toMs: number): readonly JoinRow<V>[];
}
