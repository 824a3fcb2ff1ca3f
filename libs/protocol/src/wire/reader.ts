import { corrupt } from '../errors/protocol-error.js';

const TWO_32 = 4294967296;
const EMPTY = Buffer.alloc(0);

/**
 * Reads Kafka's primitive types from a buffer, front to back.
 *
 * Every read is checked against the end first, so hostile bytes end in a `ProtocolError` with code
 * `MR_PROTOCOL_CORRUPT`, never in a `RangeError`, an endless loop or an allocation larger than the input.
 */
export class Reader {
  readonly buffer: Buffer;
  /** The position of the next byte to read. */
  offset: number;
  /** The position after the last byte that may be read. */
  readonly end: number;

  /** @param start where to begin, default 0. @param end where to stop, default the length of the buffer. */
  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.buffer = buffer;
    this.offset = start;
    this.end = end;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.end - this.offset;
  }

  int8(): number {
    const at = this.take(1);
    return ((this.buffer[at] as number) << 24) >> 24;
  }

  int16(): number {
    const at = this.take(2);
    const { buffer } = this;
    return (((buffer[at] as number) << 24) >> 16) | (buffer[at + 1] as number);
  }

  /** Reads an unsigned 16-bit integer. */
  uint16(): number {
    return this.int16() & 0xffff;
  }

  int32(): number {
    const at = this.take(4);
    const { buffer } = this;
    return (
      ((buffer[at] as number) << 24) |
      ((buffer[at + 1] as number) << 16) |
      ((buffer[at + 2] as number) << 8) |
      (buffer[at + 3] as number)
    );
  }

  /** Reads an int64 as a number. @throws ProtocolError beyond ±2^53, where a number is no longer exact. */
  int64(): number {
    const value = this.int32() * TWO_32 + (this.int32() >>> 0);
    if (!Number.isSafeInteger(value)) throw corrupt('An int64 is beyond 2^53', this.offset - 8);
    return value;
  }

  /** Reads a byte as a boolean; as in Kafka, every value but 0 is true. */
  bool(): boolean {
    return this.buffer[this.take(1)] !== 0;
  }

  /** Reads an unsigned varint of at most 32 bits (KIP-482). */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.take(1)] as number;
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw corrupt('A varint is longer than 32 bits', this.offset);
  }

  /** Reads a UUID as 32 lower-case hexadecimal digits. */
  uuid(): string {
    const at = this.take(16);
    return this.buffer.toString('hex', at, at + 16);
  }

  /** Reads UTF-8 text of a known length in bytes. */
  text(lengthBytes: number): string {
    const at = this.take(lengthBytes);
    return this.buffer.toString('utf8', at, at + lengthBytes);
  }

  /** Reads `lengthBytes` raw bytes as a view on the same memory. */
  raw(lengthBytes: number): Buffer {
    if (lengthBytes === 0) return EMPTY;
    const at = this.take(lengthBytes);
    return this.buffer.subarray(at, at + lengthBytes);
  }

  /** Passes over bytes. */
  skip(lengthBytes: number): void {
    this.take(lengthBytes);
  }

  /** Passes over a section of tagged fields (KIP-482), for headers in which none is known. */
  skipTaggedFields(): void {
    for (let count = this.uvarint(); count > 0; count--) {
      this.uvarint();
      this.skip(this.uvarint());
    }
  }

  /** Claims the next bytes and returns where they begin. */
  private take(lengthBytes: number): number {
    const at = this.offset;
    if (lengthBytes < 0 || lengthBytes > this.end - at) {
      throw corrupt(`${lengthBytes} bytes are needed but ${this.end - at} are left`, at);
    }
    this.offset = at + lengthBytes;
    return at;
  }
}
