import { crc32c } from '@millrace/protocol';
import type { ProducerIdentity } from './producer-identity.js';

/** Where a batch went. */
export interface ProduceResult {
  /** Offset of its first record; -1 when the broker has forgotten it because it saw the batch long ago. */
  readonly baseOffset: number;
}

/** Places in the header of a record batch, version 2. */
const CRC_AT = 17;
const AFTER_CRC = 21;
const PRODUCER_ID_AT = 43;
const EPOCH_AT = 51;
const SEQUENCE_AT = 53;

/** A batch that waits to be sent or acknowledged. */
export class PendingBatch {
  readonly topic: string;
  readonly partition: number;
  readonly recordCount: number;
  readonly createdMs: number;
  readonly acknowledged: Promise<ProduceResult>;
  resolve!: (result: ProduceResult) => void;
  reject!: (error: unknown) => void;
  /** Whether {@link acknowledged} is decided. */
  isSettled = false;
  /** How often it was sent. */
  attempts = 0;
  sequence: number;
  identity: ProducerIdentity;
  #records: Buffer;
  readonly #memory: Buffer | undefined;
  #stampedSequence: number;
  #stampedIdentity: ProducerIdentity;

  constructor(
    topic: string,
    partition: number,
    content: { readonly records: Buffer; readonly memory: Buffer | undefined; readonly recordCount: number },
    stamp: { readonly identity: ProducerIdentity; readonly sequence: number },
    createdMs: number,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.recordCount = content.recordCount;
    this.createdMs = createdMs;
    this.#records = content.records;
    this.#memory = content.memory;
    this.identity = this.#stampedIdentity = stamp.identity;
    this.sequence = this.#stampedSequence = stamp.sequence;
    this.acknowledged = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // A caller may rely on flush() or commitTransaction() to hear of failures instead.
    this.acknowledged.catch(() => undefined);
  }

  get sizeInBytes(): number {
    return this.#records.length;
  }

  /**
   * What its records lie in, once it is acknowledged: a broker that answers has read all of the request. Undefined where the memory is
   * not to be used again, or where it was sent more than once: an older request may still lie in the buffer of a socket.
   */
  get reusableMemory(): Buffer | undefined {
    return this.attempts === 1 ? this.#memory : undefined;
  }

  /** Whether identity or sequence number were changed since the bytes were last stamped with them. */
  get isRestamped(): boolean {
    return this.#stampedSequence !== this.sequence || this.#stampedIdentity !== this.identity;
  }

  /** The bytes to send. A changed stamp goes on a copy: the old bytes may still lie in a socket's buffer. */
  stampedRecords(): Buffer {
    if (this.isRestamped) {
      const records = Buffer.from(this.#records);
      records.writeBigInt64BE(BigInt(this.identity.producerId), PRODUCER_ID_AT);
      records.writeInt16BE(this.identity.epoch, EPOCH_AT);
      records.writeInt32BE(this.sequence, SEQUENCE_AT);
      records.writeUInt32BE(crc32c(records.subarray(AFTER_CRC)), CRC_AT);
      this.#records = records;
      this.#stampedSequence = this.sequence;
      this.#stampedIdentity = this.identity;
    }
    return this.#records;
  }
}
