import type { ByteStream } from './byte-stream.js';

/** How chunks travel between the two ends of a {@link streamPair}: `deliver` runs the arrival. Default: a microtask. */
export type Delivery = (deliver: () => void) => void;

/** Two connected ends in memory: what one writes, the other receives, in order, asynchronously. */
export function streamPair(delivery: Delivery = queueMicrotask): [ByteStream, ByteStream] {
  const left = new PairedStream(delivery);
  const right = new PairedStream(delivery);
  left.connect(right);
  right.connect(left);
  return [left, right];
}

class PairedStream implements ByteStream {
  readonly #delivery: Delivery;
  #peer!: PairedStream;
  #data: ((chunk: Buffer) => void) | undefined;
  #close: ((error?: Error) => void) | undefined;
  #waiting: Buffer[] = [];
  #paused = false;
  #closed = false;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  connect(peer: PairedStream): void {
    this.#peer = peer;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#closed) return false;
    const arrived = chunks.map((chunk) => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#delivery(() => this.#peer.#arrive(arrived));
    return true;
  }

  onData(handler: (chunk: Buffer) => void): void {
    this.#data = handler;
    this.#flush();
  }

  /** Never called: an in-memory stream takes everything at once. */
  onDrain(): void {}

  onClose(handler: (error?: Error) => void): void {
    this.#close = handler;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#flush();
  }

  end(): void {
    if (this.#closed) return;
    this.#delivery(() => this.#peer.#finish());
    this.#finish();
  }

  destroy(error?: Error): void {
    if (this.#closed) return;
    this.#delivery(() => this.#peer.#finish(new Error('the other end was destroyed')));
    this.#finish(error);
  }

  #arrive(chunks: Buffer[]): void {
    if (this.#closed) return;
    this.#waiting.push(...chunks);
    this.#flush();
  }

  #flush(): void {
    while (!this.#paused && !this.#closed && this.#data !== undefined) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) return;
      this.#data(chunk);
    }
  }

  #finish(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#close?.(error);
  }
}
