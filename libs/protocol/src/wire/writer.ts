import { unsupported } from '../errors/protocol-error.js';

const TWO_32 = 4294967296;
const INT32_MAX = 2147483647;
const INT32_MIN = -2147483648;

/** Byte fields from this size on become chunks of their own instead of being copied. */
const CHUNK_THRESHOLD_BYTES = 4096;

/**
 * Writes Kafka's primitive types into a growing buffer.
 *
 * Large byte fields (record batches) are not copied: the result of {@link finish} is a list of chunks that a socket writes
 * with one gathering call. A value that its type cannot hold throws a `ProtocolError` with code
 * `MR_PROTOCOL_UNSUPPORTED`; nothing is cut off silently.
 */
export class Writer {
  private readonly chunks: Buffer[] = [];
  private buffer: Buffer;
  private offset = 0;
  private chunkStart = 0;
  private finishedBytes = 0;

  /** @param initialBytes the size of the first buffer; it doubles as needed. */
  constructor(initialBytes = 512) {
    this.buffer = Buffer.allocUnsafe(initialBytes);
  }

  /** How many bytes were written so far. */
  get sizeInBytes(): number {
    return this.finishedBytes + this.offset - this.chunkStart;
  }

  int8(value: number): void {
    checkInteger(value, -128, 127, 'int8');
    const at = this.reserve(1);
    this.buffer[at] = value;
  }

  int16(value: number): void {
    checkInteger(value, -32768, 32767, 'int16');
    const at = this.reserve(2);
    this.buffer[at] = value >> 8;
    this.buffer[at + 1] = value;
  }

  /** Writes an unsigned 16-bit integer. */
  uint16(value: number): void {
    checkInteger(value, 0, 65535, 'uint16');
    const at = this.reserve(2);
    this.buffer[at] = value >> 8;
    this.buffer[at + 1] = value;
  }

  int32(value: number): void {
    checkInteger(value, INT32_MIN, INT32_MAX, 'int32');
    this.rawInt32(value);
  }

  /** Writes a number as int64. */
  int64(value: number): void {
    if (!Number.isSafeInteger(value)) throw unsupported(`${value} is not an exact int64 (up to ±2^53).`);
    const high = Math.floor(value / TWO_32);
    this.rawInt32(high);
    this.rawInt32((value - high * TWO_32) | 0);
  }

  bool(value: boolean): void {
    const at = this.reserve(1);
    this.buffer[at] = value ? 1 : 0;
  }

  /** Writes an unsigned varint of at most 32 bits (KIP-482). */
  uvarint(value: number): void {
    checkInteger(value, 0, TWO_32 - 1, 'unsigned varint');
    let at = this.reserve(5);
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[at++] = rest;
    this.offset = at;
  }

  /** Writes a UUID given as 32 hexadecimal digits. */
  uuid(value: string): void {
    const at = this.reserve(16);
    if (value.length !== 32 || this.buffer.write(value, at, 16, 'hex') !== 16) {
      throw unsupported('A UUID is 32 hexadecimal digits without dashes.');
    }
  }

  /** Writes UTF-8 text without a length; `lengthBytes` must be its `Buffer.byteLength`. */
  text(value: string, lengthBytes: number): void {
    const at = this.reserve(lengthBytes);
    this.buffer.write(value, at, lengthBytes, 'utf8');
  }

  /** Appends bytes without a length. Large ones are taken over, not copied: they must not change until they are sent. */
  raw(bytes: Buffer): void {
    if (bytes.length < CHUNK_THRESHOLD_BYTES) {
      const at = this.reserve(bytes.length);
      bytes.copy(this.buffer, at);
      return;
    }
    this.closeChunk();
    this.chunks.push(bytes);
    this.finishedBytes += bytes.length;
  }

  /** Returns everything written, as chunks in order. The writer must not be used afterwards. */
  finish(): Buffer[] {
    this.closeChunk();
    return this.chunks;
  }

  /** Returns everything written as one buffer; copies only when there is more than one chunk. */
  finishContiguous(): Buffer {
    const chunks = this.finish();
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  }

  private rawInt32(value: number): void {
    const at = this.reserve(4);
    const { buffer } = this;
    buffer[at] = value >> 24;
    buffer[at + 1] = value >> 16;
    buffer[at + 2] = value >> 8;
    buffer[at + 3] = value;
  }

  private closeChunk(): void {
    if (this.offset === this.chunkStart) return;
    this.chunks.push(this.buffer.subarray(this.chunkStart, this.offset));
    this.finishedBytes += this.offset - this.chunkStart;
    this.chunkStart = this.offset;
  }

  /** Makes room, advances, and returns where the room begins. */
  private reserve(lengthBytes: number): number {
    const at = this.offset;
    if (at + lengthBytes > this.buffer.length) return this.grow(lengthBytes);
    this.offset = at + lengthBytes;
    return at;
  }

  private grow(lengthBytes: number): number {
    const pendingBytes = this.offset - this.chunkStart;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, pendingBytes + lengthBytes, 512));
    this.buffer.copy(larger, 0, this.chunkStart, this.offset);
    this.buffer = larger;
    this.chunkStart = 0;
    this.offset = pendingBytes + lengthBytes;
    return pendingBytes;
  }
}

function checkInteger(value: number, least: number, greatest: number, type: string): void {
  if (!Number.isInteger(value) || value < least || value > greatest) {
    throw unsupported(`${value} is not an ${type} (${least} to ${greatest}).`);
  }
}
