import { RecordError } from '@millrace/kernel';
import type { Serde } from '../../serde/serde.js';

/** What the right table is to do with a row of the left one that refers to it. */
export type Instruction =
  /** Forget the row; nothing to answer. */
  | 'unsubscribe'
  /** Forget the row, and answer that it has no match. */
  | 'unsubscribe-and-answer'
  /** Remember the row, and answer if there is a match. */
  | 'subscribe'
  /** Remember the row, and answer in any case: what an earlier match gave must be taken back. */
  | 'subscribe-and-answer';

const INSTRUCTIONS: readonly Instruction[] = [
  'unsubscribe',
  'unsubscribe-and-answer',
  'subscribe',
  'subscribe-and-answer',
];

/** A row of the left table, as the right one knows it. */
export interface Subscription {
  readonly instruction: Instruction;
  /** The left table's key, as bytes, and the partition that the row is in. */
  readonly primaryKey: Buffer;
  readonly primaryPartition: number;
  /** Stands for the row's value: an answer to an older one is dropped. Null when the row was deleted. */
  readonly digest: Buffer | null;
}

/** What the right table answers for a row of the left one. */
export interface Answer {
  readonly digest: Buffer | null;
  /** The right table's value, as bytes; null for no match. */
  readonly value: Buffer | null;
}

/** Format of both: a version first, so that a later one can be told from it. */
const VERSION = 1;

/** Version, instruction, partition (int32), length of the digest (uint8, 0 for none), the digest, the key. */
export const subscriptionSerde: Serde<Subscription> = {
  name: 'foreign-key-subscription',
  serialize: ({ instruction, primaryKey, primaryPartition, digest }) => {
    const head = Buffer.allocUnsafe(7);
    head.writeUInt8(VERSION, 0);
    head.writeUInt8(INSTRUCTIONS.indexOf(instruction), 1);
    head.writeInt32BE(primaryPartition, 2);
    head.writeUInt8(digest?.length ?? 0, 6);
    return Buffer.concat([head, ...(digest === null ? [] : [digest]), primaryKey]);
  },
  deserialize: (buffer, start, end) => {
    const instruction = end - start < 7 ? undefined : INSTRUCTIONS[buffer.readUInt8(start + 1)];
    const digestLength = instruction === undefined ? 0 : buffer.readUInt8(start + 6);
    const keyStart = start + 7 + digestLength;
    if (instruction === undefined || buffer.readUInt8(start) !== VERSION || keyStart > end) throw unreadable();
    return {
      instruction,
      primaryPartition: buffer.readInt32BE(start + 2),
      digest: digestLength === 0 ? null : Buffer.from(buffer.subarray(start + 7, keyStart)),
      primaryKey: Buffer.from(buffer.subarray(keyStart, end)),
    };
  },
};

/** Version, length of the digest (uint8, 0 for none), whether there is a value (uint8), the digest, the value. */
export const answerSerde: Serde<Answer> = {
  name: 'foreign-key-answer',
  serialize: ({ digest, value }) => {
    const head = Buffer.from([VERSION, digest?.length ?? 0, value === null ? 0 : 1]);
    return Buffer.concat([head, ...(digest === null ? [] : [digest]), ...(value === null ? [] : [value])]);
  },
  deserialize: (buffer, start, end) => {
    const digestLength = end - start < 3 ? 0 : buffer.readUInt8(start + 1);
    const valueStart = start + 3 + digestLength;
    if (end - start < 3 || buffer.readUInt8(start) !== VERSION || valueStart > end) throw unreadable();
    return {
      digest: digestLength === 0 ? null : Buffer.from(buffer.subarray(start + 3, valueStart)),
      value: buffer.readUInt8(start + 2) === 0 ? null : Buffer.from(buffer.subarray(valueStart, end)),
    };
  },
};

function unreadable(): RecordError {
  return new RecordError(
    'MR_RECORD_UNREADABLE',
    "a record of a foreign-key join is of another version or cut short: the topic is not this topology's",
  );
}
