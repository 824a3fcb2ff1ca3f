import type { Serde } from '../serde/serde.js';

/**
 * Takes what a task emits. The runtime encodes it straight into the growing batch of the output partition; the test driver
 * collects it. Everything is taken before `send` returns, so the caller may reuse its buffers.
 */
export interface RecordCollector {
  partitionCount(topic: string): number;
  /**
   * Refuses a record of so many bytes of key, value and headers that {@link send} would refuse, before it is sent: what a record
   * sends is held back until it has succeeded. Left out where every size is taken.
   *
   * @throws {RecordError} (dead-letter) `MR_RECORD_TOO_LARGE`.
   */
  checkSize?(topic: string, partition: number, bytes: number): void;
  /**
   * @param partition the output partition, or -1 to choose by the key's bytes as Kafka's default partitioner does; a record
   *   without a key goes to any partition.
   * @param keyStart start of the key in `key`, -1 when it is null; likewise `valueStart`.
   * @param headers the headers as in a record batch, count included: `headers[headersStart, headersEnd)`.
   */
  send(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Buffer | null,
    keyStart: number,
    keyEnd: number,
    value: Buffer | null,
    valueStart: number,
    valueEnd: number,
    headers: Buffer | null,
    headersStart: number,
    headersEnd: number,
  ): void;
  /**
   * As {@link send}, for a value whose serde writes it straight to where the record is going, so that its bytes are not copied once
   * more. Left out where what a record sends is held back.
   *
   * @param serde has {@link Serde.serializeTo}; what that throws is passed on, and nothing is sent.
   */
  sendWritten?(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Buffer | null,
    keyStart: number,
    keyEnd: number,
    serde: Serde<unknown>,
    value: unknown,
    headers: Buffer | null,
    headersStart: number,
    headersEnd: number,
  ): void;
}
