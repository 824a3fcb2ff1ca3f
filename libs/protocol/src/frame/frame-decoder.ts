import { corrupt, type ProtocolError } from '../errors/protocol-error.js';

const SIZE_BYTES = 4;
const DEFAULT_MAX_FRAME_BYTES = 100 * 1024 * 1024;
/** A frame gets its whole memory at once up to this size; a larger one gets more as its bytes arrive. Untouched memory costs a system nothing. */
const TRUSTED_BYTES = 16 * 1024 * 1024;
/** How much more than has arrived a frame gets then. */
const GROWTH = 4;

/**
 * Splits a byte stream into frames by their size prefix.
 *
 * Each frame is memory of its own, into which its bytes are copied as they arrive: so a stream can read into the same memory again
 * and again. A size that lies costs no more than {@link TRUSTED_BYTES} or twice what was received. After a refused size the stream
 * has lost its framing: once the frames before it are taken, every call throws the same error.
 */
export class FrameDecoder {
  private readonly maxFrameBytes: number;
  private readonly complete: Buffer[] = [];
  private prefix = 0;
  private prefixBytes = 0;
  /** The frame that is arriving: as far as `filled`, of `frameBytes` in the end. */
  private frame: Buffer | undefined;
  private frameBytes = 0;
  private filled = 0;
  private failure: ProtocolError | undefined;

  /** @param options `maxFrameBytes`: the largest frame to accept; default 100 MiB (Kafka: `socket.request.max.bytes`). */
  constructor(options: { readonly maxFrameBytes?: number } = {}) {
    this.maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  /** How many bytes are held that were not handed out as a frame yet. */
  get bufferedBytes(): number {
    const arriving = this.prefixBytes + this.filled;
    return this.complete.reduce((bytes, frame) => bytes + SIZE_BYTES + frame.length, arriving);
  }

  /** Takes what the stream delivered; the chunk may be used for something else afterwards. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.failure === undefined) {
      if (this.frame === undefined) at = this.readPrefix(chunk, at);
      else at = this.fill(this.frame, chunk, at);
    }
  }

  /**
   * Returns the next complete frame without its size prefix, or null until more bytes arrive.
   *
   * @throws ProtocolError `MR_PROTOCOL_CORRUPT` for a size below 0 or above `maxFrameBytes` (stop-app); close the stream.
   */
  next(): Buffer | null {
    const frame = this.complete.shift();
    if (frame === undefined && this.failure !== undefined) throw this.failure;
    return frame ?? null;
  }

  private readPrefix(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.prefixBytes < SIZE_BYTES) {
      this.prefix = (this.prefix << 8) | (chunk[at++] as number);
      this.prefixBytes++;
    }
    if (this.prefixBytes === SIZE_BYTES) this.begin(this.prefix);
    return at;
  }

  private begin(frameBytes: number): void {
    if (frameBytes < 0 || frameBytes > this.maxFrameBytes) {
      this.failure = corrupt(`A frame claims ${frameBytes} bytes, but at most ${this.maxFrameBytes} are accepted`);
      this.prefixBytes = 0;
      return;
    }
    this.frameBytes = frameBytes;
    this.frame = Buffer.allocUnsafe(Math.min(frameBytes, TRUSTED_BYTES));
    if (frameBytes === 0) this.end(this.frame);
  }

  private fill(frame: Buffer, chunk: Buffer, from: number): number {
    const bytes = Math.min(this.frameBytes - this.filled, chunk.length - from);
    const roomy = this.filled + bytes > frame.length ? this.grow(frame, this.filled + bytes) : frame;
    chunk.copy(roomy, this.filled, from, from + bytes);
    this.filled += bytes;
    if (this.filled === this.frameBytes) this.end(roomy);
    return from + bytes;
  }

  private grow(frame: Buffer, atLeast: number): Buffer {
    const larger = Buffer.allocUnsafe(Math.min(this.frameBytes, Math.max(atLeast, frame.length * GROWTH)));
    frame.copy(larger, 0, 0, this.filled);
    this.frame = larger;
    return larger;
  }

  private end(frame: Buffer): void {
    this.complete.push(frame);
    this.frame = undefined;
    this.filled = 0;
    this.prefix = 0;
    this.prefixBytes = 0;
  }
}
