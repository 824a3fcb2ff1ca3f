import { COMPRESSIONS, decompress, type Compression } from '../compression/compression.js';
import { batchSizeAt, checkCrc, readBatchHeader, type BatchHeader, type TimestampType } from './batch-header.js';
import { RECORDS_AT } from './batch-layout.js';
import { corruptBatch } from './record-error.js';
import { readHeaders, type RecordHeader } from './record-headers.js';

const DEFAULT_MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024;
const NO_BYTES = Buffer.alloc(0);

const BEFORE_FIRST_BATCH: BatchHeader = {
  batchStart: 0,
  batchEnd: 0,
  baseOffset: 0,
  lastOffset: -1,
  partitionLeaderEpoch: -1,
  compression: COMPRESSIONS[0],
  timestampType: 'create-time',
  isTransactional: false,
  isControl: false,
  firstTimestampMs: -1,
  maxTimestampMs: -1,
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  recordCount: 0,
};

/**
 * Walks the record batches of a fetch response, and the records of each, without an object per record.
 *
 * `reset → (nextBatch → nextRecord*)*`. After {@link nextRecord} the current record stands in plain number fields that say
 * where its parts lie in {@link buffer}; they hold until the next call. Key and value may lie in the fetched bytes
 * themselves, so a caller that keeps them longer than those copies them.
 *
 * Guarantees: every batch's CRC-32C is checked before its records are read; a broker may cut off the last batch of a
 * response, and that one is not delivered; damaged bytes throw a `RecordError` and nothing else, never hang, and never
 * take more memory than `maxDecompressedBytes`.
 */
export class RecordBatchCursor {
  /** Holds the bytes of the current record: the input, or what the current batch decompressed to. */
  buffer: Buffer = NO_BYTES;
  /** The current record's offset in its partition. */
  offset = -1;
  /** The current record's timestamp: the batch's greatest when the broker set it (log append time). */
  timestampMs = -1;
  /** The key is `buffer[keyStart, keyEnd)`; both are -1 when it is null. */
  keyStart = -1;
  keyEnd = -1;
  /** The value is `buffer[valueStart, valueEnd)`; both are -1 when it is null. */
  valueStart = -1;
  valueEnd = -1;
  headerCount = 0;
  /** The headers in their encoded form, count included, are `buffer[headersStart, headersEnd)`. */
  headersStart = 0;
  headersEnd = 0;

  private readonly maxDecompressedBytes: number;
  private input: Buffer = NO_BYTES;
  private header = BEFORE_FIRST_BATCH;
  private recordsLeft = 0;
  private position = 0;
  private recordsEnd = 0;
  private batchBaseOffset = 0;
  private lastOffsetDelta = 0;
  private batchFirstTimestampMs = 0;
  /** The timestamp that stands for all records of the batch, or -1 when each has its own. */
  private appendTimestampMs = -1;
  /** Where {@link longVarint} stopped. */
  private varintEnd = 0;

  /**
   * @param options `maxDecompressedBytes`: the most that one batch may decompress to; default 64 MiB.
   */
  constructor(options: { readonly maxDecompressedBytes?: number } = {}) {
    this.maxDecompressedBytes = options.maxDecompressedBytes ?? DEFAULT_MAX_DECOMPRESSED_BYTES;
  }

  /** Begins anew, before the first batch of `records`: batches one after the other, as a fetch response holds them. */
  reset(records: Buffer): void {
    this.input = records;
    this.header = BEFORE_FIRST_BATCH;
    this.buffer = NO_BYTES;
    this.recordsLeft = 0;
    this.position = 0;
    this.recordsEnd = 0;
  }

  get baseOffset(): number {
    return this.header.baseOffset;
  }
  /** The offset of the batch's last record, also when compaction removed it: the next batch begins after it. */
  get lastOffset(): number {
    return this.header.lastOffset;
  }
  get recordCount(): number {
    return this.header.recordCount;
  }
  get firstTimestampMs(): number {
    return this.header.firstTimestampMs;
  }
  get maxTimestampMs(): number {
    return this.header.maxTimestampMs;
  }
  get isTransactional(): boolean {
    return this.header.isTransactional;
  }
  /** Whether the batch holds a control record, such as the end of a transaction, instead of data. */
  get isControl(): boolean {
    return this.header.isControl;
  }
  get producerId(): number {
    return this.header.producerId;
  }
  get producerEpoch(): number {
    return this.header.producerEpoch;
  }
  get baseSequence(): number {
    return this.header.baseSequence;
  }
  get compression(): Compression {
    return this.header.compression;
  }
  get timestampType(): TimestampType {
    return this.header.timestampType;
  }
  get partitionLeaderEpoch(): number {
    return this.header.partitionLeaderEpoch;
  }
  /** Where the batch begins in the input. */
  get batchStart(): number {
    return this.header.batchStart;
  }
  /** The position after the batch in the input. */
  get batchEnd(): number {
    return this.header.batchEnd;
  }

  /**
   * Goes to the next batch, before its first record; false at the end or before an incomplete last batch.
   *
   * @throws RecordError `MR_PROTOCOL_CORRUPT` for a batch that is damaged or decompresses to too much (dead-letter).
   */
  nextBatch(): boolean {
    const { input } = this;
    const start = this.header.batchEnd;
    this.recordsLeft = 0;
    this.position = 0;
    this.recordsEnd = 0;
    if (batchSizeAt(input, start, input.length) === -1) return false;
    const header = readBatchHeader(input, start, input.length);
    checkCrc(input, header);
    if (header.compression === 'none') {
      this.buffer = input;
      this.position = start + RECORDS_AT;
      this.recordsEnd = header.batchEnd;
    } else {
      this.buffer = this.decompressed(header);
      this.position = 0;
      this.recordsEnd = this.buffer.length;
    }
    this.header = header;
    this.recordsLeft = header.recordCount;
    this.batchBaseOffset = header.baseOffset;
    this.lastOffsetDelta = header.lastOffset - header.baseOffset;
    this.batchFirstTimestampMs = header.firstTimestampMs;
    this.appendTimestampMs = header.timestampType === 'log-append-time' ? header.maxTimestampMs : -1;
    return true;
  }

  /**
   * Goes to the next record of the batch; false after the last.
   *
   * @throws RecordError `MR_PROTOCOL_CORRUPT` when the record does not follow the format (dead-letter).
   */
  nextRecord(): boolean {
    if (this.recordsLeft === 0) {
      if (this.position !== this.recordsEnd) throw this.corrupt('Bytes follow the last record');
      return false;
    }
    // Varints of one or two bytes, nearly all there are, are decoded in place: a call for each costs a third of the speed.
    // Reading past the end gives undefined, which counts as 0 here and is found out when the ends are compared.
    const bytes = this.buffer;
    let at = this.position;

    let bodyBytes = bytes[at] as number;
    if (bodyBytes < 0x80) {
      bodyBytes = (bodyBytes >>> 1) ^ -(bodyBytes & 1);
      at += 1;
    } else if ((bytes[at + 1] as number) < 0x80) {
      bodyBytes = (bodyBytes & 0x7f) | ((bytes[at + 1] as number) << 7);
      bodyBytes = (bodyBytes >>> 1) ^ -(bodyBytes & 1);
      at += 2;
    } else {
      bodyBytes = this.longVarint(at);
      at = this.varintEnd;
    }
    const recordEnd = at + bodyBytes;
    if (bodyBytes < 0 || recordEnd > this.recordsEnd) throw this.corrupt('A record is longer than its batch');

    at += 1;
    let timestampDelta = bytes[at] as number;
    if (timestampDelta < 0x80) {
      timestampDelta = (timestampDelta >>> 1) ^ -(timestampDelta & 1);
      at += 1;
    } else if ((bytes[at + 1] as number) < 0x80) {
      timestampDelta = (timestampDelta & 0x7f) | ((bytes[at + 1] as number) << 7);
      timestampDelta = (timestampDelta >>> 1) ^ -(timestampDelta & 1);
      at += 2;
    } else {
      timestampDelta = this.longVarint(at);
      at = this.varintEnd;
    }
    let offsetDelta = bytes[at] as number;
    if (offsetDelta < 0x80) {
      offsetDelta = (offsetDelta >>> 1) ^ -(offsetDelta & 1);
      at += 1;
    } else if ((bytes[at + 1] as number) < 0x80) {
      offsetDelta = (offsetDelta & 0x7f) | ((bytes[at + 1] as number) << 7);
      offsetDelta = (offsetDelta >>> 1) ^ -(offsetDelta & 1);
      at += 2;
    } else {
      offsetDelta = this.longVarint(at);
      at = this.varintEnd;
    }

    let keyBytes = bytes[at] as number;
    if (keyBytes < 0x80) {
      keyBytes = (keyBytes >>> 1) ^ -(keyBytes & 1);
      at += 1;
    } else {
      keyBytes = this.longVarint(at);
      at = this.varintEnd;
    }
    if (keyBytes < 0) {
      this.keyStart = -1;
      this.keyEnd = -1;
    } else {
      this.keyStart = at;
      at += keyBytes;
      this.keyEnd = at;
    }

    let valueBytes = bytes[at] as number;
    if (valueBytes < 0x80) {
      valueBytes = (valueBytes >>> 1) ^ -(valueBytes & 1);
      at += 1;
    } else if ((bytes[at + 1] as number) < 0x80) {
      valueBytes = (valueBytes & 0x7f) | ((bytes[at + 1] as number) << 7);
      valueBytes = (valueBytes >>> 1) ^ -(valueBytes & 1);
      at += 2;
    } else {
      valueBytes = this.longVarint(at);
      at = this.varintEnd;
    }
    if (valueBytes < 0) {
      this.valueStart = -1;
      this.valueEnd = -1;
    } else {
      this.valueStart = at;
      at += valueBytes;
      this.valueEnd = at;
    }
    if (at >= recordEnd) throw this.corrupt('A key or a value is longer than its record');

    this.headersStart = at;
    let headerCount = bytes[at] as number;
    if (headerCount < 0x80) {
      headerCount = (headerCount >>> 1) ^ -(headerCount & 1);
      at += 1;
    } else {
      headerCount = this.longVarint(at);
      at = this.varintEnd;
    }
    // The smallest header, an empty key and a null value, takes two bytes.
    if (headerCount < 0 || at + 2 * headerCount > recordEnd || (headerCount === 0 && at !== recordEnd)) {
      throw this.corrupt(`${headerCount} headers do not fit their record`);
    }
    this.headerCount = headerCount;
    this.headersEnd = recordEnd;

    if (offsetDelta < 0 || offsetDelta > this.lastOffsetDelta) throw this.corrupt('An offset lies outside its batch');
    this.offset = this.batchBaseOffset + offsetDelta;
    this.timestampMs =
      this.appendTimestampMs === -1 ? this.batchFirstTimestampMs + timestampDelta : this.appendTimestampMs;
    this.position = recordEnd;
    this.recordsLeft -= 1;
    return true;
  }

  /** The key of the current record as a view on {@link buffer}, or null. */
  key(): Buffer | null {
    return this.keyStart === -1 ? null : this.buffer.subarray(this.keyStart, this.keyEnd);
  }

  /** The value of the current record as a view on {@link buffer}, or null. */
  value(): Buffer | null {
    return this.valueStart === -1 ? null : this.buffer.subarray(this.valueStart, this.valueEnd);
  }

  /**
   * The headers of the current record; their values are views on {@link buffer}.
   *
   * @throws RecordError `MR_PROTOCOL_CORRUPT` when they do not follow the format (dead-letter).
   */
  headers(): RecordHeader[] {
    if (this.headerCount === 0) return [];
    return readHeaders(this.buffer, this.headersStart, this.headersEnd, this.offset);
  }

  private decompressed(header: BatchHeader): Buffer {
    const compressed = this.input.subarray(header.batchStart + RECORDS_AT, header.batchEnd);
    try {
      return decompress(header.compression, compressed, this.maxDecompressedBytes);
    } catch (cause) {
      const limit = `The ${header.compression} data is damaged or larger than ${this.maxDecompressedBytes} bytes`;
      throw corruptBatch(limit, header.baseOffset, cause);
    }
  }

  /** Decodes a zigzag varint of any length from its first byte; leaves its end in `varintEnd`. */
  private longVarint(start: number): number {
    const bytes = this.buffer;
    const first = bytes[start] as number;
    const second = bytes[start + 1] as number;
    if (second < 0x80) {
      const raw = (first & 0x7f) | (second << 7);
      this.varintEnd = start + 2;
      return (raw >>> 1) ^ -(raw & 1);
    }
    let raw = (first & 0x7f) | ((second & 0x7f) << 7);
    let scale = 16384;
    for (let at = start + 2; at < start + 10 && at < this.recordsEnd; at++) {
      const byte = bytes[at] as number;
      raw += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) {
        if (raw > Number.MAX_SAFE_INTEGER) break;
        this.varintEnd = at + 1;
        return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
      }
    }
    throw this.corrupt('A varint is too long');
  }

  private corrupt(problem: string): Error {
    return corruptBatch(problem, this.batchBaseOffset);
  }
}
