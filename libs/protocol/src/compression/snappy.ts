import { compressSync, uncompressSync } from 'snappy';

/**
 * The header of the framing of xerial's `SnappyOutputStream`, which Kafka's Java clients write: eight bytes of magic, a
 * version and the lowest compatible version. Blocks follow, each with its compressed length as int32.
 */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/** The size of a block of Kafka's Java client before compression. */
const XERIAL_BLOCK_BYTES = 32 * 1024;

/**
 * No element of snappy makes more than 64 bytes of 3. A block that claims more than that of its size is broken, and is
 * refused before the native decoder sets aside the memory that it claims.
 */
const GREATEST_RATIO = 22;

/**
 * Has the native code copy its result into memory of the engine. What it would return otherwise is only given back between
 * two turns of the event loop, so that walking a large fetch in one turn would hold all of it decompressed.
 */
const COPIED = { copyOutputData: true };

/** Compresses with xerial's framing, which every Kafka client reads. */
export function snappyCompress(bytes: Buffer): Buffer {
  const header = Buffer.alloc(XERIAL_HEADER_BYTES);
  XERIAL_MAGIC.copy(header);
  header.writeInt32BE(1, 8);
  header.writeInt32BE(1, 12);
  const parts: Buffer[] = [header];
  for (let start = 0; start < bytes.length; start += XERIAL_BLOCK_BYTES) {
    const block = compressSync(bytes.subarray(start, start + XERIAL_BLOCK_BYTES), COPIED);
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(block.length, 0);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

/**
 * Decompresses raw snappy as librdkafka writes it, or snappy in xerial's framing; throws when it is broken, and before
 * decompressing when it claims more than `maxBytes`.
 */
export function snappyDecompress(bytes: Buffer, maxBytes: number): Buffer {
  const blocks = startsWithMagic(bytes, 0) ? xerialBlocks(bytes) : [bytes];
  const claimedBytes = blocks.reduce((total, block) => total + decompressedLength(block), 0);
  if (claimedBytes > maxBytes) throw new Error(`snappy claims ${claimedBytes} bytes of at most ${maxBytes}`);
  const parts = blocks.map((block) => uncompressSync(block, COPIED) as Buffer);
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, claimedBytes);
}

function xerialBlocks(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  let at = XERIAL_HEADER_BYTES;
  while (at < bytes.length) {
    // A writer that was flushed may begin a new stream, header and all, in the middle; Kafka's reader takes it too.
    if (startsWithMagic(bytes, at)) {
      at += XERIAL_HEADER_BYTES;
      continue;
    }
    const blockBytes = bytes.length - at < 4 ? -1 : bytes.readInt32BE(at);
    const start = at + 4;
    if (blockBytes < 0 || blockBytes > bytes.length - start) throw new Error('a snappy block is longer than its batch');
    at = start + blockBytes;
    blocks.push(bytes.subarray(start, at));
  }
  return blocks;
}

/** Every block begins with its decompressed length as a varint. */
function decompressedLength(block: Buffer): number {
  let length = 0;
  for (let index = 0; index < 5 && index < block.length; index++) {
    const byte = block[index] as number;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte >= 0x80) continue;
    if (length > block.length * GREATEST_RATIO) throw new Error('a snappy block claims more than it can hold');
    return length;
  }
  throw new Error('the length of a snappy block cannot be read');
}

function startsWithMagic(bytes: Buffer, at: number): boolean {
  const end = at + XERIAL_MAGIC.length;
  return bytes.length - at >= XERIAL_HEADER_BYTES && bytes.compare(XERIAL_MAGIC, 0, XERIAL_MAGIC.length, at, end) === 0;
}
