import type { Serde } from '../serde/serde.js';
import { sessionKeyBytes, sessionKeyEnd, sessionTimesOf } from '../store/session-key.js';
import type { Windowed } from './windowed.js';

/** Writes a session's key as the key's bytes, the session's end and its start: like a session store's changelog. */
export function sessionKey<K>(key: Serde<K>): Serde<Windowed<K>> {
  return {
    // Asked late: a serde that is missing is one of the problems that building the topology reports.
    get name() {
      return `session(${key.name})`;
    },
    serialize: (windowed) => sessionKeyBytes(key.serialize(windowed.key), windowed.startMs, windowed.endMs),
    deserialize: (buffer, start, end) => ({
      key: key.deserialize(buffer, start, sessionKeyEnd(end)),
      ...sessionTimesOf(buffer, end),
    }),
  };
}
