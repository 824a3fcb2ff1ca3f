import type { ByteStream, Dialer } from '@millrace/kernel';

/**
 * Opens connections through another dialer and breaks them on demand. Counts what it broke, so that a test can prove that
 * its fault happened.
 */
export class FaultyDialer implements Dialer {
  readonly #inner: Dialer;
  readonly #open = new Set<FaultyStream>();
  #frozen = false;
  /** Connections that were cut. */
  cuts = 0;
  /** Chunks of answers that were swallowed. */
  swallowed = 0;
  /** Cuts a connection instead of delivering an answer, whenever this says so. */
  cutInsteadOfAnswer: () => boolean = () => false;

  constructor(inner: Dialer) {
    this.#inner = inner;
  }

  async dial(host: string, port: number, options: { timeoutMs: number }): Promise<ByteStream> {
    const stream = new FaultyStream(await this.#inner.dial(host, port, options), this);
    this.#open.add(stream);
    if (this.#frozen) stream.freeze();
    stream.onEnd = () => this.#open.delete(stream);
    return stream;
  }

  /** Cuts every open connection. */
  cutAll(): void {
    for (const stream of [...this.#open]) this.cut(stream);
  }

  cut(stream: FaultyStream): void {
    this.cuts++;
    stream.destroy(new Error('cut by the test'));
  }

  /** From now on nothing arrives, in either direction, until {@link thaw}; on new connections neither. */
  freeze(): void {
    this.#frozen = true;
    for (const stream of this.#open) stream.freeze();
  }

  thaw(): void {
    this.#frozen = false;
    for (const stream of this.#open) stream.thaw();
  }
}

class FaultyStream implements ByteStream {
  readonly #inner: ByteStream;
  readonly #dialer: FaultyDialer;
  #frozen = false;
  #heldWrites: (readonly Uint8Array[])[] = [];
  onEnd: () => void = () => undefined;

  constructor(inner: ByteStream, dialer: FaultyDialer) {
    this.#inner = inner;
    this.#dialer = dialer;
  }

  freeze(): void {
    this.#frozen = true;
    this.#inner.pause();
  }

  thaw(): void {
    this.#frozen = false;
    for (const chunks of this.#heldWrites.splice(0)) this.#inner.write(chunks);
    this.#inner.resume();
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (!this.#frozen) return this.#inner.write(chunks);
    this.#heldWrites.push(chunks);
    return true;
  }

  onData(handler: (chunk: Buffer) => void): void {
    this.#inner.onData((chunk) => {
      if (!this.#dialer.cutInsteadOfAnswer()) {
        handler(chunk);
        return;
      }
      this.#dialer.swallowed++;
      this.#dialer.cut(this);
    });
  }

  onDrain(handler: () => void): void {
    this.#inner.onDrain(handler);
  }

  onClose(handler: (error?: Error) => void): void {
    this.#inner.onClose((error) => {
      this.onEnd();
      handler(error);
    });
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  end(): void {
    this.#inner.end();
  }

  destroy(error?: Error): void {
    this.#inner.destroy(error);
  }
}
