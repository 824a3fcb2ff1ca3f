import { CommittedRecords, type FetchedBatch } from '@millrace/client';
import { dispositionOf } from '@millrace/kernel';
import type { SinkRecord, Topic } from '@millrace/streams';
import { readIngestedAtMs } from './ingested-at.js';

/** Takes a record that cannot be decoded, in its original form; the bytes are only valid during the call. */
export type UnreadableHandler = (records: CommittedRecords, error: unknown) => void;

/** Decoded records of one partition, waiting to be written. */
export interface DecodedRecords {
  readonly records: SinkRecord[];
  /** When each was taken in by the first hop, in milliseconds since the epoch; -1 where it does not say. */
  readonly ingestedAtMs: number[];
}

/**
 * Decodes what was fetched of one partition, in order and only as much as is asked for; the rest stays raw.
 *
 * What the serdes refuse goes to the handler, and the next record is decoded.
 */
export class RecordDecoder {
  readonly #topic: Topic<unknown, unknown>;
  readonly #unreadable: UnreadableHandler;
  readonly #reader = new CommittedRecords();
  #waiting: FetchedBatch[] = [];
  #current: FetchedBatch | undefined;
  #nextOffset: number;
  #bufferedBytes = 0;

  /** @param startOffset Offset of the first record that will be added. */
  constructor(topic: Topic<unknown, unknown>, startOffset: number, unreadable: UnreadableHandler) {
    this.#topic = topic;
    this.#nextOffset = startOffset;
    this.#unreadable = unreadable;
  }

  /** Offset after everything that was decoded or passed over so far. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Bytes that were added and are not decoded. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  add(batch: FetchedBatch): void {
    this.#waiting.push(batch);
    this.#bufferedBytes += batch.records.length;
  }

  /**
   * Decodes into `into` until it holds `maxRecords` or nothing is left.
   *
   * @throws what a serde throws besides a dead-letter error: a defect, not a bad record.
   */
  decode(into: DecodedRecords, maxRecords: number): void {
    const reader = this.#reader;
    while (into.records.length < maxRecords) {
      if (this.#current === undefined) {
        this.#current = this.#waiting.shift();
        if (this.#current === undefined) return;
        reader.reset(this.#current);
      }
      if (!reader.nextRecord()) {
        this.#nextOffset = this.#current.nextOffset;
        this.#bufferedBytes -= this.#current.records.length;
        this.#current = undefined;
        continue;
      }
      this.#decodeOne(into);
      this.#nextOffset = reader.cursor.offset + 1;
    }
  }

  #decodeOne(into: DecodedRecords): void {
    const { cursor } = this.#reader;
    const { buffer, keyStart, keyEnd, valueStart, valueEnd } = cursor;
    let record: SinkRecord;
    try {
      record = {
        key: keyStart < 0 ? null : this.#topic.key.deserialize(buffer, keyStart, keyEnd),
        value: valueStart < 0 ? null : this.#topic.value.deserialize(buffer, valueStart, valueEnd),
        timestampMs: cursor.timestampMs,
        headers: cursor.headerCount === 0 ? [] : cursor.headers(),
        offset: cursor.offset,
      };
    } catch (error) {
      if (dispositionOf(error, 'stop-app') !== 'dead-letter') throw error;
      this.#unreadable(this.#reader, error);
      return;
    }
    into.records.push(record);
    into.ingestedAtMs.push(
      cursor.headerCount === 0 ? -1 : readIngestedAtMs(buffer, cursor.headersStart, cursor.headersEnd),
    );
  }
}
