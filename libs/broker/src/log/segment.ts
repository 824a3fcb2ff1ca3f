/**
 * One file of a partition's log: record batches exactly as they are sent, one after the other.
 *
 * Invariants: batches have rising offsets without overlap; every batch was checked when it was appended or when the
 * segment was opened, so reads trust the bytes.
 */
import { join } from 'node:path';
import { describeError } from '@millrace/kernel';
import { batchSizeAt, validateBatch, type BatchHeader } from '@millrace/protocol';
import type { Disk, DiskFile } from '../storage/disk.js';
import { baseOffsetOf, batchBytesOf, lastOffsetOf, LOG_OVERHEAD_BYTES, maxTimestampOf } from './batch-fields.js';
import { EMPTY_SLICE, type LogSlice, type ReadRange } from './log-slice.js';
import { INDEX_INTERVAL_BYTES, SegmentIndex } from './segment-index.js';

const SCAN_WINDOW_BYTES = 4 * 1024 * 1024;
const HEADER_BYTES = 61;

/** Sees each batch of a segment that is being opened. */
export type BatchVisitor = (header: BatchHeader, buffer: Buffer) => void;

/** How far a scan got, and what stopped it before the end. */
export interface ScanResult {
  readonly validBytes: number;
  readonly problem: string | undefined;
}

export class Segment {
  readonly baseOffset: number;
  readonly #disk: Disk;
  readonly #file: DiskFile;
  readonly #index = new SegmentIndex();
  #maxTimestampMs = -1;

  private constructor(disk: Disk, directory: string, baseOffset: number) {
    this.baseOffset = baseOffset;
    this.#disk = disk;
    this.#file = disk.open(join(directory, segmentFileName(baseOffset)));
  }

  static open(disk: Disk, directory: string, baseOffset: number): Segment {
    return new Segment(disk, directory, baseOffset);
  }

  get path(): string {
    return this.#file.path;
  }

  get sizeInBytes(): number {
    return this.#file.sizeInBytes;
  }

  get maxTimestampMs(): number {
    return this.#maxTimestampMs;
  }

  /** @throws {StorageError} (stop-app) when the batch could not be written; then the segment is unchanged. */
  append(batch: Buffer, header: BatchHeader): void {
    const position = this.#file.sizeInBytes;
    this.#file.append([batch]);
    this.#note(header, position);
  }

  /** Checks every batch from the start and shows it to `visit`; stops at the first one that is damaged or not whole. */
  scan(visit: BatchVisitor): ScanResult {
    let position = 0;
    let expectedOffset = this.baseOffset;
    let windowBytes = SCAN_WINDOW_BYTES;
    while (position < this.#file.sizeInBytes) {
      const window = this.#file.read(position, windowBytes);
      let at = 0;
      try {
        for (let size = batchSizeAt(window, 0, window.length); size !== -1;) {
          const header = validateBatch(window, at, at + size);
          if (header.baseOffset < expectedOffset) {
            return { validBytes: position + at, problem: `offset ${header.baseOffset} follows ${expectedOffset - 1}` };
          }
          visit(header, window);
          this.#note(header, position + at);
          expectedOffset = header.lastOffset + 1;
          at += size;
          size = at < window.length ? batchSizeAt(window, at, window.length) : -1;
        }
      } catch (damage) {
        return { validBytes: position + at, problem: describeError(damage) };
      }
      if (at === 0) {
        const atEnd = position + window.length >= this.#file.sizeInBytes;
        if (atEnd) return { validBytes: position, problem: 'the last batch is cut off' };
        windowBytes = Math.max(windowBytes * 2, batchBytesOf(window, 0));
      } else windowBytes = SCAN_WINDOW_BYTES;
      position += at;
    }
    return { validBytes: position, problem: undefined };
  }

  read(range: ReadRange): LogSlice {
    const position = this.#index.positionBefore(range.fromOffset);
    // The index may point a little too early; without the slack such a read could come back with less than allowed.
    let buffer = this.#file.read(position, Math.max(range.maxBytes, HEADER_BYTES) + INDEX_INTERVAL_BYTES);
    let start = 0;
    while (start + HEADER_BYTES <= buffer.length && lastOffsetOf(buffer, start) < range.fromOffset) {
      start += batchBytesOf(buffer, start);
      if (start + HEADER_BYTES > buffer.length && position + start < this.sizeInBytes) {
        return this.#readAt(position + start, range);
      }
    }
    if (start + HEADER_BYTES > buffer.length) return EMPTY_SLICE;
    const firstBytes = batchBytesOf(buffer, start);
    if (range.atLeastOne && start + firstBytes > buffer.length) {
      buffer = this.#file.read(position + start, firstBytes);
      start = 0;
    }
    return takeWhole(buffer, start, range);
  }

  /** The first batch with a record at or after a time, among those that end at an offset or later. */
  firstReaching(timestampMs: number, fromOffset: number): Buffer | undefined {
    let fromPosition = this.#index.positionBefore(fromOffset);
    for (;;) {
      const stretch = this.#index.stretchReaching(timestampMs, fromPosition);
      if (stretch === undefined) return undefined;
      const end = stretch.end ?? this.sizeInBytes;
      const buffer = this.#file.read(stretch.start, end - stretch.start);
      for (let at = 0; at < buffer.length; at += batchBytesOf(buffer, at)) {
        if (maxTimestampOf(buffer, at) < timestampMs || lastOffsetOf(buffer, at) < fromOffset) continue;
        return buffer.subarray(at, at + batchBytesOf(buffer, at));
      }
      if (stretch.end === undefined) return undefined;
      fromPosition = stretch.end;
    }
  }

  truncate(sizeInBytes: number): void {
    this.#file.truncate(sizeInBytes);
  }

  sync(): void {
    this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }

  /** Closes and removes the file. */
  delete(): void {
    this.#file.close();
    this.#disk.remove(this.#file.path);
  }

  /** Reads from a position that is known to be the start of the wanted batch. */
  #readAt(position: number, range: ReadRange): LogSlice {
    const head = this.#file.read(position, HEADER_BYTES);
    const firstBytes = range.atLeastOne ? batchBytesOf(head, 0) : 0;
    return takeWhole(this.#file.read(position, Math.max(range.maxBytes, firstBytes)), 0, range);
  }

  #note(header: BatchHeader, position: number): void {
    this.#index.add(header.baseOffset, position, header.maxTimestampMs);
    this.#maxTimestampMs = Math.max(this.#maxTimestampMs, header.maxTimestampMs);
  }
}

/** `<first offset, 20 digits>.log`, as Kafka names its segments. */
export function segmentFileName(baseOffset: number): string {
  return `${String(baseOffset).padStart(20, '0')}.log`;
}

/** The whole batches from `start` on that fit the range, as one view on the buffer. */
function takeWhole(buffer: Buffer, start: number, range: ReadRange): LogSlice {
  let end = start;
  let nextOffset = -1;
  while (end + LOG_OVERHEAD_BYTES <= buffer.length) {
    const bytes = batchBytesOf(buffer, end);
    if (end + bytes > buffer.length || baseOffsetOf(buffer, end) >= range.untilOffset) break;
    const mustTake = range.atLeastOne && end === start;
    if (end + bytes - start > range.maxBytes && !mustTake) break;
    nextOffset = lastOffsetOf(buffer, end) + 1;
    end += bytes;
  }
  return end === start ? EMPTY_SLICE : { chunks: [buffer.subarray(start, end)], sizeInBytes: end - start, nextOffset };
}
