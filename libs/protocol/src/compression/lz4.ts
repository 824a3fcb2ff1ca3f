import { compressFrameSync } from 'lz4-napi';
import { decompressLz4Block, lz4BlockSize } from './lz4-block.js';

/**
 * LZ4 in its frame format (magic 0x184D2204), the only one that batches of version 2 carry.
 *
 * What is written has independent blocks, which Kafka's Java reader insists on. What is read may also have linked blocks, a
 * content size and checksums; checksums are passed over as in Kafka's reader, since the batch's CRC covers the same bytes.
 *
 * Decompression is done here because the memory that the native decoder returns is only given back between two turns of
 * the event loop: walking a large fetch in one turn would hold all of it decompressed, against the cursor's promise.
 */
const FRAME_MAGIC = 0x184d2204;
const VERSION_MASK = 0xc0;
const VERSION_1 = 0x40;
const BLOCK_CHECKSUM_FLAG = 0x10;
const CONTENT_SIZE_FLAG = 0x08;
const DICTIONARY_FLAG = 0x01;
const STORED_FLAG = 0x80000000;
const MIN_FRAME_BYTES = 11;
const HEADER_BYTES = 7;
const CONTENT_SIZE_BYTES = 8;
const CHECKSUM_BYTES = 4;

/** One block of a frame. */
interface Block {
  readonly start: number;
  readonly end: number;
  /** Whether the block holds the bytes as they are. */
  readonly stored: boolean;
}

/** Compresses as one frame of independent blocks. */
export function lz4Compress(bytes: Buffer): Buffer {
  return compressFrameSync(bytes);
}

/** Decompresses one frame; throws when it is broken, and before decompressing when it holds more than `maxBytes`. */
export function lz4Decompress(bytes: Buffer, maxBytes: number): Buffer {
  const blocks = blocksOf(bytes);
  let totalBytes = 0;
  for (const { start, end, stored } of blocks) {
    totalBytes += stored ? end - start : lz4BlockSize(bytes, start, end);
    if (totalBytes > maxBytes) throw new Error(`the LZ4 frame holds more than ${maxBytes} bytes`);
  }
  const target = Buffer.allocUnsafeSlow(totalBytes);
  let at = 0;
  for (const { start, end, stored } of blocks) {
    if (stored) at += bytes.copy(target, at, start, end);
    else at = decompressLz4Block(bytes, start, end, target, at);
  }
  if (at !== totalBytes) throw new Error('the LZ4 frame is broken');
  return target;
}

function blocksOf(bytes: Buffer): Block[] {
  let at = firstBlockAt(bytes);
  const checksumBytes = ((bytes[4] as number) & BLOCK_CHECKSUM_FLAG) === 0 ? 0 : CHECKSUM_BYTES;
  const blocks: Block[] = [];
  for (;;) {
    if (bytes.length - at < 4) throw new Error('the LZ4 frame ends early');
    const word = bytes.readUInt32LE(at);
    if (word === 0) return blocks;
    const stored = word >= STORED_FLAG;
    const start = at + 4;
    const end = start + (stored ? word - STORED_FLAG : word);
    if (end > bytes.length) throw new Error('an LZ4 block is longer than its batch');
    blocks.push({ start, end, stored });
    at = end + checksumBytes;
  }
}

function firstBlockAt(bytes: Buffer): number {
  if (bytes.length < MIN_FRAME_BYTES || bytes.readUInt32LE(0) !== FRAME_MAGIC) throw new Error('this is no LZ4 frame');
  const flags = bytes[4] as number;
  if ((flags & VERSION_MASK) !== VERSION_1) throw new Error('the LZ4 frame has an unknown version');
  if ((flags & DICTIONARY_FLAG) !== 0) throw new Error('the LZ4 frame needs a dictionary');
  return (flags & CONTENT_SIZE_FLAG) === 0 ? HEADER_BYTES : HEADER_BYTES + CONTENT_SIZE_BYTES;
}
