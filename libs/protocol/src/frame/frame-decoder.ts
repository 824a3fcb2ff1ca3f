import { corrupt, type ProtocolError } from '../errors/protocol-error.js';

const SIZE_BYTES = 4;
const DEFAULT_MAX_FRAME_BYTES = 100 * 1024 * 1024;

/**
 * Splits a byte stream into frames by their size prefix.
 *
 * A frame that arrived within one chunk is a view on that chunk; another is copied once, when its last byte is here. So a
 * size that lies costs no memory: only bytes that were received are held. After a refused size the stream has lost
 * its framing: every later call throws the same error.
 */
export class FrameDecoder {
  private readonly maxFrameBytes: number;
  private chunks: Buffer[] = [];
  /** The index of the chunk, and of the byte in it, at which the next frame begins. */
  private first = 0;
  private offset = 0;
  private available = 0;
  private failure: ProtocolError | undefined;

  /** @param options `maxFrameBytes`: the largest frame to accept; default 100 MiB (Kafka: `socket.request.max.bytes`). */
  constructor(options: { readonly maxFrameBytes?: number } = {}) {
    this.maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  /** How many bytes are held that no frame was made of yet. */
  get bufferedBytes(): number {
    return this.available;
  }

  /** Takes over what the stream delivered; the chunk must not change afterwards. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.available += chunk.length;
  }

  /**
   * Returns the next complete frame without its size prefix, or null until more bytes arrive.
   *
   * @throws ProtocolError `MR_PROTOCOL_CORRUPT` for a size below 0 or above `maxFrameBytes` (stop-app); close the stream.
   */
  next(): Buffer | null {
    if (this.failure !== undefined) throw this.failure;
    if (this.available < SIZE_BYTES) return null;
    const frameBytes = this.peekSize();
    if (frameBytes < 0 || frameBytes > this.maxFrameBytes) {
      this.chunks = [];
      this.available = 0;
      this.failure = corrupt(`A frame claims ${frameBytes} bytes, but at most ${this.maxFrameBytes} are accepted`);
      throw this.failure;
    }
    if (this.available < SIZE_BYTES + frameBytes) return null;
    this.advance(SIZE_BYTES);
    return this.take(frameBytes);
  }

  private peekSize(): number {
    let size = 0;
    let index = this.first;
    let at = this.offset;
    for (let count = 0; count < SIZE_BYTES; count++) {
      while (at === (this.chunks[index] as Buffer).length) {
        index++;
        at = 0;
      }
      size = (size << 8) | ((this.chunks[index] as Buffer)[at++] as number);
    }
    return size;
  }

  private take(lengthBytes: number): Buffer {
    const chunk = this.chunks[this.first];
    if (chunk !== undefined && chunk.length - this.offset >= lengthBytes) {
      const frame = chunk.subarray(this.offset, this.offset + lengthBytes);
      this.advance(lengthBytes);
      return frame;
    }
    const frame = Buffer.allocUnsafe(lengthBytes);
    let filled = 0;
    while (filled < lengthBytes) {
      const source = this.chunks[this.first] as Buffer;
      const copied = source.copy(frame, filled, this.offset, this.offset + lengthBytes - filled);
      filled += copied;
      this.advance(copied);
    }
    return frame;
  }

  private advance(lengthBytes: number): void {
    this.available -= lengthBytes;
    this.offset += lengthBytes;
    let chunk = this.chunks[this.first];
    while (chunk !== undefined && this.offset >= chunk.length) {
      this.offset -= chunk.length;
      this.first++;
      chunk = this.chunks[this.first];
    }
    this.dropConsumed();
  }

  /** Drops read chunks in one go, so that a long queue is not moved once for each of its chunks. */
  private dropConsumed(): void {
    if (this.first === this.chunks.length) {
      this.chunks = [];
      this.first = 0;
    } else if (this.first > 64) {
      this.chunks.splice(0, this.first);
      this.first = 0;
    }
  }
}
