/**
 * The record batches of one partition, in order, on disk with the newest in memory, or in memory alone.
 *
 * Invariants: a batch is on disk before it can be read; `nextOffset` is one above the last offset that can be read.
 * Recovery keeps the longest prefix of whole, undamaged batches. Nothing before `startOffset` is read; what holds nothing else is
 * removed, but the newest segment stays.
 */
import { basename, dirname, join } from 'node:path';
import type { BatchHeader } from '@millrace/protocol';
import { brokerChannels } from '../diagnostics/channels.js';
import { FILE_SYSTEM, type Disk } from '../storage/disk.js';
import { BatchTail } from './batch-tail.js';
import { EMPTY_SLICE, type LogSlice, type ReadRange } from './log-slice.js';
import { Segment, type BatchVisitor } from './segment.js';
import type { TailCache } from './tail-cache.js';

export interface PartitionLogOptions {
  /** Where the segments are; absent: in memory only. */
  readonly directory: string | undefined;
  /** Default: the file system of this machine. */
  readonly disk?: Disk;
  readonly cache: TailCache;
  /** The size from which on a new segment is begun (Kafka: `segment.bytes`). */
  readonly segmentBytes: number;
  /** Whether a segment is forced to the disk when it is sealed, because commits are. */
  readonly syncSealed: boolean;
}

const SEGMENT_FILE = /^(\d{20})\.log$/;

export class PartitionLog {
  readonly #options: PartitionLogOptions;
  readonly #disk: Disk;
  readonly #tail = new BatchTail();
  readonly #segments: Segment[] = [];
  #nextOffset = 0;
  #startOffset = 0;
  #maxTimestampMs = -1;

  private constructor(options: PartitionLogOptions) {
    this.#options = options;
    this.#disk = options.disk ?? FILE_SYSTEM;
  }

  /** Opens the log and shows every batch it holds to `visit`, in order. */
  static open(options: PartitionLogOptions, visit: BatchVisitor): PartitionLog {
    const log = new PartitionLog(options);
    if (options.directory !== undefined) log.#recover(options.directory, visit);
    return log;
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  get nextOffset(): number {
    return this.#nextOffset;
  }

  get maxTimestampMs(): number {
    return this.#maxTimestampMs;
  }

  /**
   * Appends a batch whose header already carries its offsets.
   *
   * @throws {StorageError} (stop-app) when it could not be written; then the log is unchanged.
   */
  append(batch: Buffer, header: BatchHeader): void {
    const { directory, cache } = this.#options;
    if (directory === undefined) this.#tail.push(batch);
    else {
      this.#segmentFor(directory, batch.length, header.baseOffset).append(batch, header);
      cache.add(this.#tail, batch);
    }
    this.#nextOffset = header.lastOffset + 1;
    this.#maxTimestampMs = Math.max(this.#maxTimestampMs, header.maxTimestampMs);
  }

  read(range: ReadRange): LogSlice {
    if (range.fromOffset >= this.#nextOffset || range.fromOffset >= range.untilOffset) return EMPTY_SLICE;
    if (range.fromOffset >= this.#tail.firstOffset) return this.#tail.read(range);
    return this.#segmentOf(range.fromOffset)?.read(range) ?? EMPTY_SLICE;
  }

  /** The first batch with a record at or after a time, among those that end at an offset or later. */
  firstBatchReaching(timestampMs: number, fromOffset = this.#startOffset): Buffer | undefined {
    if (timestampMs > this.#maxTimestampMs) return undefined;
    if (this.#options.directory === undefined) return this.#tail.firstReaching(timestampMs, fromOffset);
    for (const segment of this.#segments) {
      const found = segment.maxTimestampMs < timestampMs ? undefined : segment.firstReaching(timestampMs, fromOffset);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Deletes what lies before an offset, which the log begins at from now on; does nothing when it begins later already. */
  deleteBefore(offset: number): void {
    if (offset <= this.#startOffset) return;
    this.#startOffset = offset;
    // A torn tail may have taken what was read and deleted: offsets are not given twice.
    this.#nextOffset = Math.max(this.#nextOffset, offset);
    if (this.#options.directory === undefined) this.#tail.dropBefore(offset);
    while ((this.#segments[1]?.baseOffset ?? Infinity) <= offset) this.#segments.shift()?.delete();
  }

  sync(): void {
    this.#segments.at(-1)?.sync();
  }

  close(): void {
    this.#options.cache.release(this.#tail);
    for (const segment of this.#segments) segment.close();
    this.#segments.length = 0;
  }

  /** Closes the log and removes its directory. */
  delete(): void {
    this.close();
    if (this.#options.directory !== undefined) this.#disk.remove(this.#options.directory);
  }

  #segmentFor(directory: string, batchBytes: number, baseOffset: number): Segment {
    const active = this.#segments.at(-1);
    if (
      active !== undefined &&
      (active.sizeInBytes === 0 || active.sizeInBytes + batchBytes <= this.#options.segmentBytes)
    ) {
      return active;
    }
    if (this.#options.syncSealed) active?.sync();
    const segment = Segment.open(this.#disk, directory, baseOffset);
    this.#segments.push(segment);
    return segment;
  }

  /** The segment that holds an offset: the last one that begins at or before it. */
  #segmentOf(offset: number): Segment | undefined {
    return this.#segments.findLast((each) => each.baseOffset <= offset);
  }

  #recover(directory: string, visit: BatchVisitor): void {
    this.#disk.makeFolder(directory);
    const baseOffsets = this.#disk
      .names(directory)
      .map((name) => SEGMENT_FILE.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
    for (const baseOffset of baseOffsets) {
      const segment = Segment.open(this.#disk, directory, baseOffset);
      const { validBytes, problem } = segment.scan((header, buffer) => {
        visit(header, buffer);
        this.#nextOffset = header.lastOffset + 1;
        this.#maxTimestampMs = Math.max(this.#maxTimestampMs, header.maxTimestampMs);
      });
      this.#segments.push(segment);
      if (problem === undefined) continue;
      this.#cutOff(segment, validBytes, problem);
      for (const later of baseOffsets.filter((each) => each > baseOffset))
        Segment.open(this.#disk, directory, later).delete();
      return;
    }
  }

  #cutOff(segment: Segment, validBytes: number, reason: string): void {
    const droppedBytes = segment.sizeInBytes - validBytes;
    segment.truncate(validBytes);
    const { path } = segment;
    brokerChannels.tornTailTruncated.publish({
      file: join(basename(dirname(dirname(path))), basename(dirname(path)), basename(path)),
      keptBytes: validBytes,
      droppedBytes,
      reason,
    });
  }
}
