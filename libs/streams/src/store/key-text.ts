import type { Serde } from '../serde/serde.js';

/** A text that stands for the key and no other, for maps: the key itself, or the bytes that its serde writes. */
export function keyText<K>(key: K, serde: Serde<K>): string {
  return typeof key === 'string' ? key : serde.serialize(key).toString('latin1');
}
