import { RecordError } from '@millrace/kernel';
import type { Serde } from '../serde/serde.js';

/** What a table's change does to an aggregate of it: null where there is nothing to add, or nothing to take out. */
export interface Change<V> {
  readonly added: V | null;
  readonly removed: V | null;
}

const HEADER_BYTES = 4;

/** Writes a change as the length of what is added (int32, -1 for null), those bytes, then the bytes of what is removed. */
export function changeSerde<V>(value: Serde<V>): Serde<Change<V>> {
  return {
    // Asked late: a serde that is missing is one of the problems that building the topology reports.
    get name() {
      return `change(${value.name})`;
    },
    serialize: ({ added, removed }) => {
      const header = Buffer.allocUnsafe(HEADER_BYTES + 1);
      const addedBytes = added === null ? null : value.serialize(added);
      header.writeInt32BE(addedBytes?.length ?? -1, 0);
      header.writeInt8(removed === null ? 0 : 1, HEADER_BYTES);
      return Buffer.concat([
        header,
        ...(addedBytes === null ? [] : [addedBytes]),
        ...(removed === null ? [] : [value.serialize(removed)]),
      ]);
    },
    deserialize: (buffer, start, end) => {
      const bodyStart = start + HEADER_BYTES + 1;
      const length = end < bodyStart ? NaN : buffer.readInt32BE(start);
      const addedEnd = bodyStart + Math.max(0, length);
      if (!(addedEnd <= end)) {
        throw new RecordError(
          'MR_RECORD_UNREADABLE',
          "a change of a table is cut short: the topic is not this topology's",
        );
      }
      return {
        added: length < 0 ? null : value.deserialize(buffer, bodyStart, addedEnd),
        removed: buffer.readInt8(start + HEADER_BYTES) === 0 ? null : value.deserialize(buffer, addedEnd, end),
      };
    },
  };
}
