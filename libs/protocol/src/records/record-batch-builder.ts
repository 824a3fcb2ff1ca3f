import { COMPRESSIONS, compress, type Compression } from '../compression/compression.js';
import { unsupported } from '../errors/protocol-error.js';
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_LENGTH_AT,
  CONTROL_FLAG,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LOG_OVERHEAD_BYTES,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
  RECORDS_AT,
  TRANSACTIONAL_FLAG,
  writeInt16,
  writeInt32,
  writeInt64,
} from './batch-layout.js';
import { crc32c } from './crc32c.js';
import { GrowingBytes } from '../wire/growing-bytes.js';
import { encodeHeaders, type RecordHeader } from './record-headers.js';
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.js';

/** From this length on the engine's copy is faster than a loop. */
const COPY_THRESHOLD_BYTES = 48;

const DEFAULT_INITIAL_BYTES = 16 * 1024;

/** What a record adds to its key, value and headers at most: six varints and the attributes. */
const RECORD_OVERHEAD_BYTES = 40;

/** The greatest zigzag varlong that a number holds exactly. */
const MAX_TIMESTAMP_DELTA_MS = Number.MAX_SAFE_INTEGER / 2;

/** What a batch says of itself besides its records. */
export interface BuildOptions {
  /** Default `none` (Kafka: `compression.type`). */
  readonly compression?: Compression;
  /** Default -1: not idempotent. Goes with epoch and sequence. */
  readonly producerId?: number;
  /** Default -1. */
  readonly producerEpoch?: number;
  /** The sequence of the first record; default -1. */
  readonly baseSequence?: number;
  /** Default false. */
  readonly isTransactional?: boolean;
  /** Marks the batch as the log's own instead of data; only brokers write such. Default false. */
  readonly isControl?: boolean;
  /** Default 0: the broker gives offsets. */
  readonly baseOffset?: number;
  /** Default -1: unknown. */
  readonly partitionLeaderEpoch?: number;
}

/** What {@link RecordBatchBuilder.take} gives. */
export interface TakenBatch {
  readonly records: Buffer;
  /** What the records lie in, if it was the builder's own: once they are needed no more, another builder can go on with it. */
  readonly memory: Buffer | undefined;
}

/**
 * Encodes records straight into a growing batch.
 *
 * Records are copied in as they come; {@link build} and {@link take} only add the header, compress, and compute the CRC. A builder
 * is used again and again: {@link reset} keeps its memory.
 */
export class RecordBatchBuilder {
  private readonly memory: GrowingBytes;
  private count = 0;
  private firstTimestampMs = 0;
  private maxTimestampMs = 0;
  /** The record between {@link openRecord} and {@link closeRecord}: where it and its value begin, and its timestamp. */
  private openAt = 0;
  private openValueAt = 0;
  private openTimestampMs = 0;
  /** Room for the lengths of the next record and its value: as much as those of the last one took. */
  private lengthBytes = 2;
  private valueLengthBytes = 2;

  /** @param options `initialBytes`: memory to begin with, default 16 KiB; it doubles as needed. */
  constructor(options: { readonly initialBytes?: number } = {}) {
    this.memory = new GrowingBytes(Math.max(options.initialBytes ?? DEFAULT_INITIAL_BYTES, RECORDS_AT));
    this.memory.length = RECORDS_AT;
  }

  /** How many records were appended since the last {@link reset}. */
  get recordCount(): number {
    return this.count;
  }

  /** The size of the batch so far, header included, before compression. */
  get sizeInBytes(): number {
    return this.memory.length;
  }

  /** The greatest timestamp so far; -1 while there is no record. */
  get greatestTimestampMs(): number {
    return this.count === 0 ? -1 : this.maxTimestampMs;
  }

  /**
   * Appends a record.
   *
   * @throws ProtocolError `MR_PROTOCOL_UNSUPPORTED` for a timestamp that is no exact integer (stop-app).
   */
  append(
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers?: readonly RecordHeader[],
  ): void {
    const encoded = headers === undefined || headers.length === 0 ? null : encodeHeaders(headers);
    this.appendRange(
      timestampMs,
      key,
      key === null ? -1 : 0,
      key === null ? -1 : key.length,
      value,
      value === null ? -1 : 0,
      value === null ? -1 : value.length,
      encoded,
      0,
      encoded === null ? 0 : encoded.length,
    );
  }

  /**
   * Appends a record whose parts lie in other buffers, such as those of a cursor. A start of -1, or a null buffer, is a
   * null key or value. The headers are taken over in their encoded form, count included; null means none.
   *
   * @throws ProtocolError `MR_PROTOCOL_UNSUPPORTED` for a timestamp that is no exact integer (stop-app).
   */
  appendRange(
    timestampMs: number,
    key: Uint8Array | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | null,
    valueStart: number,
    valueEnd: number,
    headers: Uint8Array | null,
    headersStart: number,
    headersEnd: number,
  ): void {
    const timestampDelta = this.timestampDelta(timestampMs);
    const keyBytes = key === null || keyStart < 0 ? -1 : keyEnd - keyStart;
    const valueBytes = value === null || valueStart < 0 ? -1 : valueEnd - valueStart;
    const headersBytes = headers === null ? 1 : headersEnd - headersStart;
    const bodyBytes =
      1 +
      sizeOfVarlong(timestampDelta) +
      sizeOfVarint(this.count) +
      sizeOfVarint(keyBytes) +
      (keyBytes < 0 ? 0 : keyBytes) +
      sizeOfVarint(valueBytes) +
      (valueBytes < 0 ? 0 : valueBytes) +
      headersBytes;

    const { memory } = this;
    memory.reserve(bodyBytes + 5);
    const { bytes: buffer } = memory;
    let at = writeVarint(buffer, memory.length, bodyBytes);
    buffer[at++] = 0;
    at = writeVarlong(buffer, at, timestampDelta);
    at = writeVarint(buffer, at, this.count);
    at = writeVarint(buffer, at, keyBytes);
    if (keyBytes > 0) at = copyRange(key as Uint8Array, keyStart, keyEnd, buffer, at);
    at = writeVarint(buffer, at, valueBytes);
    if (valueBytes > 0) at = copyRange(value as Uint8Array, valueStart, valueEnd, buffer, at);
    if (headers === null) buffer[at++] = 0;
    else at = copyRange(headers, headersStart, headersEnd, buffer, at);

    memory.length = at;
    this.countRecord(timestampMs);
  }

  /**
   * Begins a record whose value the caller appends to what this gives, before {@link closeRecord} or {@link abandonRecord}, and before
   * anything else is done with the builder. The key is as in {@link appendRange}.
   *
   * @throws ProtocolError `MR_PROTOCOL_UNSUPPORTED` for a timestamp that is no exact integer (stop-app).
   */
  openRecord(timestampMs: number, key: Uint8Array | null, keyStart: number, keyEnd: number): GrowingBytes {
    const timestampDelta = this.timestampDelta(timestampMs);
    const keyBytes = key === null || keyStart < 0 ? -1 : keyEnd - keyStart;
    const { memory } = this;
    memory.reserve(RECORD_OVERHEAD_BYTES + Math.max(0, keyBytes));
    const { bytes } = memory;
    this.openAt = memory.length;
    this.openTimestampMs = timestampMs;
    let at = this.openAt + this.lengthBytes;
    bytes[at++] = 0;
    at = writeVarlong(bytes, at, timestampDelta);
    at = writeVarint(bytes, at, this.count);
    at = writeVarint(bytes, at, keyBytes);
    if (keyBytes > 0) at = copyRange(key as Uint8Array, keyStart, keyEnd, bytes, at);
    this.openValueAt = at + this.valueLengthBytes;
    memory.length = this.openValueAt;
    return memory;
  }

  /** Ends the record whose value was appended; headers as in {@link appendRange}. */
  closeRecord(headers: Uint8Array | null, headersStart: number, headersEnd: number): void {
    const { memory } = this;
    const valueBytes = memory.length - this.openValueAt;
    this.valueLengthBytes = this.prefix(this.openValueAt, valueBytes, this.valueLengthBytes);
    memory.reserve(headersEnd - headersStart + 1);
    if (headers === null) memory.bytes[memory.length++] = 0;
    else memory.length = copyRange(headers, headersStart, headersEnd, memory.bytes, memory.length);
    const bodyAt = this.openAt + this.lengthBytes;
    this.lengthBytes = this.prefix(bodyAt, memory.length - bodyAt, this.lengthBytes);
    this.countRecord(this.openTimestampMs);
  }

  /** Takes back what {@link openRecord} began. */
  abandonRecord(): void {
    this.memory.length = this.openAt;
  }

  /**
   * Returns the batch in memory of its own, with its CRC. The builder keeps its records until {@link reset}.
   *
   * @throws ProtocolError `MR_PROTOCOL_UNSUPPORTED` while there is no record (stop-app).
   */
  build(options: BuildOptions = {}): Buffer {
    this.checkNotEmpty();
    const body = compress(options.compression ?? 'none', this.memory.bytes.subarray(RECORDS_AT, this.memory.length));
    const batch = Buffer.allocUnsafe(RECORDS_AT + body.length);
    body.copy(batch, RECORDS_AT);
    return this.complete(batch, options);
  }

  /**
   * Gives the batch as {@link build} does and begins anew. A batch that fills most of the builder's memory is not copied but takes it
   * along, and the builder goes on with what `spare` has of that size; by default, or where it has none, with new memory.
   *
   * @throws ProtocolError `MR_PROTOCOL_UNSUPPORTED` while there is no record (stop-app).
   */
  take(options: BuildOptions = {}, spare?: (bytes: number) => Buffer | undefined): TakenBatch {
    const isCopied = (options.compression ?? 'none') !== 'none' || this.memory.length * 2 < this.memory.bytes.length;
    if (isCopied) {
      const records = this.build(options);
      this.reset();
      return { records, memory: undefined };
    }
    this.checkNotEmpty();
    const memory = this.memory.bytes;
    const records = this.complete(memory.subarray(0, this.memory.length), options);
    this.memory.bytes = spare?.(memory.length) ?? Buffer.allocUnsafeSlow(memory.length);
    this.reset();
    return { records, memory };
  }

  /** Forgets all records and keeps the memory. */
  reset(): void {
    this.memory.length = RECORDS_AT;
    this.count = 0;
  }

  private timestampDelta(timestampMs: number): number {
    const delta = this.count === 0 ? 0 : timestampMs - this.firstTimestampMs;
    if (Number.isSafeInteger(timestampMs) && Math.abs(delta) <= MAX_TIMESTAMP_DELTA_MS) return delta;
    throw unsupported(`A record's timestamp cannot be written: ${timestampMs}.`);
  }

  private countRecord(timestampMs: number): void {
    if (this.count === 0) {
      this.firstTimestampMs = timestampMs;
      this.maxTimestampMs = timestampMs;
    } else if (timestampMs > this.maxTimestampMs) {
      this.maxTimestampMs = timestampMs;
    }
    this.count += 1;
  }

  /** Writes a length before what stands at `at`, and moves that where the `room` is not what the length takes. Returns what it takes. */
  private prefix(at: number, length: number, room: number): number {
    const { memory } = this;
    const size = sizeOfVarint(length);
    if (size !== room) {
      memory.reserve(size);
      memory.bytes.copyWithin(at - room + size, at, memory.length);
      memory.length += size - room;
    }
    writeVarint(memory.bytes, at - room, length);
    return size;
  }

  private checkNotEmpty(): void {
    if (this.count === 0) throw unsupported('A record batch holds at least one record; append one before it is built.');
  }

  /** Writes the header of a batch whose records stand in it. */
  private complete(batch: Buffer, options: BuildOptions): Buffer {
    writeInt64(batch, BASE_OFFSET_AT, options.baseOffset ?? 0);
    writeInt32(batch, BATCH_LENGTH_AT, batch.length - LOG_OVERHEAD_BYTES);
    writeInt32(batch, LEADER_EPOCH_AT, options.partitionLeaderEpoch ?? -1);
    batch[MAGIC_AT] = MAGIC;
    const transactional = options.isTransactional === true ? TRANSACTIONAL_FLAG : 0;
    const control = options.isControl === true ? CONTROL_FLAG : 0;
    const compression = COMPRESSIONS.indexOf(options.compression ?? 'none');
    writeInt16(batch, ATTRIBUTES_AT, compression | transactional | control);
    writeInt32(batch, LAST_OFFSET_DELTA_AT, this.count - 1);
    writeInt64(batch, BASE_TIMESTAMP_AT, this.firstTimestampMs);
    writeInt64(batch, MAX_TIMESTAMP_AT, this.maxTimestampMs);
    writeInt64(batch, PRODUCER_ID_AT, options.producerId ?? -1);
    writeInt16(batch, PRODUCER_EPOCH_AT, options.producerEpoch ?? -1);
    writeInt32(batch, BASE_SEQUENCE_AT, options.baseSequence ?? -1);
    writeInt32(batch, RECORD_COUNT_AT, this.count);
    writeInt32(batch, CRC_AT, crc32c(batch.subarray(ATTRIBUTES_AT)));
    return batch;
  }
}

function copyRange(source: Uint8Array, start: number, end: number, target: Buffer, at: number): number {
  if (end - start < COPY_THRESHOLD_BYTES) {
    for (let from = start; from < end; from++) target[at++] = source[from] as number;
    return at;
  }
  target.set(source.subarray(start, end), at);
  return at + end - start;
}
