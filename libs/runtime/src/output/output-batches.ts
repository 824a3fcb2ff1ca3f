import { FatalError, RecordError } from '@millrace/kernel';
import { RecordBatchBuilder, murmur2 } from '@millrace/protocol';
import type { RecordCollector, Serde } from '@millrace/streams';

/** Takes batches that are full, or that a commit sends off; the builder may be reset as soon as the call returns. */
export type BatchSender = (topic: string, partition: number, batch: RecordBatchBuilder) => void;

/** Bounds of {@link OutputBatches}. */
export interface OutputBatchesOptions {
  /** A batch of this size is sent before the commit asks for it, in bytes before compression. Default 256 KiB. */
  readonly eagerBytes?: number;
  /** No batch grows beyond this, in bytes before compression. Default 900 000, as Kafka takes about 1 MB by default. */
  readonly maxBatchBytes?: number;
}

/** Looks at the headers of a record that is sent to a topic. */
export type SentObserver = (headers: Buffer, start: number, end: number) => void;

/** What a record adds to its key, value and headers at most, and a batch to its records. */
const RECORD_OVERHEAD_BYTES = 40;
const BATCH_OVERHEAD_BYTES = 61;

interface OutputTopic {
  readonly name: string;
  /** Takes the records without key; another one after each batch (KIP-480). */
  stickyPartition: number;
  readonly batches: (RecordBatchBuilder | undefined)[];
  readonly observer: SentObserver | undefined;
  /** Offset after the last record that a broker has acknowledged, by partition; -1 where one did not say. */
  readonly writtenOffsets: (number | undefined)[];
}

/**
 * The records that a thread produces, encoded straight into one growing batch per output partition.
 *
 * A batch leaves when it is large enough, or with {@link flush}; the memory of its builder stays for the next one.
 */
export class OutputBatches implements RecordCollector {
  readonly #sendBatch: BatchSender;
  readonly #eagerBytes: number;
  readonly #maxBatchBytes: number;
  readonly #topics = new Map<string, OutputTopic>();
  #lastTopic: OutputTopic | undefined;
  #pendingRecords = 0;
  #totalRecords = 0;

  constructor(sendBatch: BatchSender, options: OutputBatchesOptions = {}) {
    this.#sendBatch = sendBatch;
    this.#maxBatchBytes = options.maxBatchBytes ?? 900_000;
    this.#eagerBytes = Math.min(options.eagerBytes ?? 256 * 1024, this.#maxBatchBytes);
  }

  /** Records that were appended and not yet handed on. */
  get pendingRecords(): number {
    return this.#pendingRecords;
  }

  /** Records that were ever appended. */
  get totalRecords(): number {
    return this.#totalRecords;
  }

  /** Makes a topic known; one that is known keeps its batches. `observer` sees each record that is sent to it. */
  register(topic: string, partitionCount: number, observer?: SentObserver): void {
    if (this.#topics.has(topic)) return;
    const batches = new Array<undefined>(partitionCount).fill(undefined);
    this.#topics.set(topic, { name: topic, stickyPartition: 0, batches, observer, writtenOffsets: [] });
  }

  /** A batch is in the log; `baseOffset` is -1 where the broker did not say where. */
  acknowledged(topic: string, partition: number, baseOffset: number, records: number): void {
    this.#topic(topic).writtenOffsets[partition] = baseOffset < 0 ? -1 : baseOffset + records;
  }

  /**
   * Offset after the last record of a partition that is known to be in its log; `undefined` before the first, -1 where the
   * broker did not say.
   */
  writtenOffset(topic: string, partition: number): number | undefined {
    return this.#topic(topic).writtenOffsets[partition];
  }

  /** @throws {FatalError} (stop-app) for a topic that was not registered. */
  partitionCount(topic: string): number {
    return this.#topic(topic).batches.length;
  }

  /**
   * Appends a record whose parts lie in other buffers, all of which is copied; a start of -1 is a null key or value.
   *
   * @param partition -1: by the key, as Java's default partitioner does; without a key, another partition for each batch.
   * @param headers In their encoded form, count included; `null` for none.
   * @throws {RecordError} (dead-letter) `MR_RECORD_TOO_LARGE` when the record fits no batch.
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
  ): void {
    const output = this.#output(topic);
    const target = partition >= 0 ? partition : choosePartition(output, key, keyStart, keyEnd);
    const bytes = keyEnd - keyStart + (valueEnd - valueStart) + (headersEnd - headersStart) + RECORD_OVERHEAD_BYTES;
    let batch = output.batches[target];
    if (batch === undefined) {
      batch = this.#newBatch(output, target);
    } else if (batch.sizeInBytes + bytes > this.#maxBatchBytes && batch.recordCount > 0) {
      this.#handOn(output, target, batch);
    }
    this.#checkSize(topic, target, bytes);
    batch.appendRange(
      timestampMs,
      key,
      keyStart,
      keyEnd,
      value,
      valueStart,
      valueEnd,
      headers,
      headersStart,
      headersEnd,
    );
    this.#appended(output, target, batch, headers, headersStart, headersEnd);
  }

  sendWritten(
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
  ): void {
    const output = this.#output(topic);
    const target = partition >= 0 ? partition : choosePartition(output, key, keyStart, keyEnd);
    const batch = output.batches[target] ?? this.#newBatch(output, target);
    const into = batch.openRecord(timestampMs, key, keyStart, keyEnd);
    try {
      serde.serializeTo?.(value, into);
    } catch (cause) {
      batch.abandonRecord();
      throw cause;
    }
    if (into.length + (headersEnd - headersStart) + RECORD_OVERHEAD_BYTES > this.#maxBatchBytes) {
      // It belongs into a batch of its own, or into none.
      batch.abandonRecord();
      const bytes = serde.serialize(value);
      this.send(
        topic,
        target,
        timestampMs,
        key,
        keyStart,
        keyEnd,
        bytes,
        0,
        bytes.length,
        headers,
        headersStart,
        headersEnd,
      );
      return;
    }
    batch.closeRecord(headers, headersStart, headersEnd);
    this.#appended(output, target, batch, headers, headersStart, headersEnd);
  }

  checkSize(topic: string, partition: number, bytes: number): void {
    this.#checkSize(topic, partition, bytes + RECORD_OVERHEAD_BYTES);
  }

  /** Hands on every batch that holds a record. */
  flush(): void {
    if (this.#pendingRecords === 0) return;
    for (const output of this.#topics.values()) {
      for (let partition = 0; partition < output.batches.length; partition++) {
        const batch = output.batches[partition];
        if (batch !== undefined && batch.recordCount > 0) this.#handOn(output, partition, batch);
      }
    }
  }

  /** Forgets what was not handed on: the transaction it belongs to is given up. */
  discard(): void {
    for (const { batches } of this.#topics.values()) for (const batch of batches) batch?.reset();
    this.#pendingRecords = 0;
  }

  #appended(
    output: OutputTopic,
    partition: number,
    batch: RecordBatchBuilder,
    headers: Buffer | null,
    headersStart: number,
    headersEnd: number,
  ): void {
    this.#pendingRecords += 1;
    this.#totalRecords += 1;
    if (output.observer !== undefined && headers !== null) output.observer(headers, headersStart, headersEnd);
    if (batch.sizeInBytes >= this.#eagerBytes) this.#handOn(output, partition, batch);
  }

  /** Nearly always the topic of the record before. */
  #output(topic: string): OutputTopic {
    if (this.#lastTopic?.name === topic) return this.#lastTopic;
    return (this.#lastTopic = this.#topic(topic));
  }

  #topic(name: string): OutputTopic {
    const topic = this.#topics.get(name);
    if (topic === undefined) {
      throw new FatalError(
        'MR_TOPOLOGY_INVALID',
        `topic '${name}' is written to, but no topology names it as an output`,
      );
    }
    return topic;
  }

  #newBatch(output: OutputTopic, partition: number): RecordBatchBuilder {
    if (partition >= output.batches.length) {
      throw new FatalError(
        'MR_TOPOLOGY_INVALID',
        `topic '${output.name}' has ${output.batches.length} partitions, so nothing can be written to number ${partition}`,
      );
    }
    const batch = new RecordBatchBuilder();
    output.batches[partition] = batch;
    return batch;
  }

  #handOn(output: OutputTopic, partition: number, batch: RecordBatchBuilder): void {
    if (output.stickyPartition === partition) output.stickyPartition = (partition + 1) % output.batches.length;
    this.#pendingRecords -= batch.recordCount;
    this.#sendBatch(output.name, partition, batch);
    batch.reset();
  }

  #checkSize(topic: string, partition: number, bytes: number): void {
    if (bytes + BATCH_OVERHEAD_BYTES > this.#maxBatchBytes) throw this.#tooLarge(topic, partition, bytes);
  }

  #tooLarge(topic: string, partition: number, bytes: number): RecordError {
    return new RecordError(
      'MR_RECORD_TOO_LARGE',
      `a record of about ${bytes} bytes is too large for '${topic}': at most ${this.#maxBatchBytes} bytes fit a batch`,
      { place: { topic, partition } },
    );
  }
}

function choosePartition(output: OutputTopic, key: Uint8Array | null, start: number, end: number): number {
  const count = output.batches.length;
  if (count === 1) return 0;
  if (key === null || start < 0) return output.stickyPartition;
  return (murmur2(key, start, end) & 0x7fff_ffff) % count;
}
