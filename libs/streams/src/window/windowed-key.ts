import type { Serde } from '../serde/serde.js';
import { windowKeyBytes, windowKeyEnd, windowStartOf } from '../store/window-key.js';
import type { Windowed } from './windowed.js';

/** Writes a windowed key as the key's bytes, the window's start and a sequence of 0: like a window store's changelog. */
export function windowedKey<K>(key: Serde<K>, sizeMs: number): Serde<Windowed<K>> {
  return {
    // Asked late: a serde that is missing is one of the problems that building the topology reports.
    get name() {
      return `windowed(${key.name})`;
    },
    serialize: (windowed) => windowKeyBytes(key.serialize(windowed.key), windowed.startMs, 0),
    deserialize: (buffer, start, end) => {
      const startMs = windowStartOf(buffer, end);
      return { key: key.deserialize(buffer, start, windowKeyEnd(end)), startMs, endMs: startMs + sizeMs };
    },
  };
}
