import type { ByteStream, Dialer } from '@millrace/kernel';

/** A dialer that holds back requests, and all that follow them on their connections, until it is told to let go. */
export class HoldingDialer implements Dialer {
  readonly #inner: Dialer;
  readonly #isHeld: (request: Buffer) => boolean;
  #waiting: (() => void)[] = [];
  #isOver = false;
  /** Requests that are held back now. */
  held = 0;

  constructor(inner: Dialer, isHeld: (request: Buffer) => boolean) {
    this.#inner = inner;
    this.#isHeld = isHeld;
  }

  letGo(): void {
    this.#isOver = true;
    this.held = 0;
    for (const write of this.#waiting.splice(0)) write();
  }

  async dial(host: string, port: number, options: { timeoutMs: number }): Promise<ByteStream> {
    const stream = await this.#inner.dial(host, port, options);
    const write = stream.write.bind(stream);
    let isHolding = false;
    stream.write = (chunks) => {
      isHolding ||= this.#isHeld(Buffer.concat(chunks));
      if (this.#isOver || !isHolding) return write(chunks);
      this.held += 1;
      this.#waiting.push(() => write(chunks));
      return true;
    };
    return stream;
  }
}
