import type { Serde } from '../serde/serde.js';

/** A topic with the serdes of its keys and values: what a topology reads from and writes to. */
export interface Topic<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}

/** A {@link Topic} from its parts, where no contract exists. */
export function topic<K, V>(name: string, key: Serde<K>, value: Serde<V>): Topic<K, V> {
  return { name, key, value };
}
