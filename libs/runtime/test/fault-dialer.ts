import { TransientError, type ByteStream, type Dialer } from '@millrace/kernel';

/** What happens to the connection that a request is about to be written to. */
export type Fault = 'pass' | 'cut-before' | 'cut-after';

const API_KEY_AT = 4;

/** Kafka's numbers of the requests that faults are aimed at. */
export const ApiKeys = {
  Produce: 0,
  Heartbeat: 12,
  EndTxn: 26,
  TxnOffsetCommit: 28,
  StreamsGroupHeartbeat: 88,
} as const;

/** A dialer whose connections can be cut: all of them for good, as by `kill -9`, or one at a chosen request. */
export class FaultDialer implements Dialer {
  readonly #inner: Dialer;
  readonly #open = new Set<ByteStream>();
  #isDown = false;
  /** Decides about each request by its API key. */
  onRequest: (apiKey: number) => Fault = () => 'pass';
  /** How often a fault struck. */
  faults = 0;

  constructor(inner: Dialer) {
    this.#inner = inner;
  }

  /** Cuts everything and lets nothing through any more. */
  kill(): void {
    this.#isDown = true;
    this.faults += 1;
    for (const stream of this.#open) stream.destroy(new Error('killed'));
    this.#open.clear();
  }

  /** Ends what {@link kill} began: lets new connections through again. */
  mend(): void {
    this.#isDown = false;
  }

  async dial(host: string, port: number, options: { timeoutMs: number }): Promise<ByteStream> {
    if (this.#isDown) throw new TransientError('MR_NETWORK_DISCONNECTED', 'killed');
    const stream = await this.#inner.dial(host, port, options);
    this.#open.add(stream);
    const write = stream.write.bind(stream);
    stream.write = (chunks) => {
      if (this.#isDown) return false;
      const head = Buffer.concat(chunks.slice(0, 1));
      const fault = head.length > API_KEY_AT + 1 ? this.onRequest(head.readInt16BE(API_KEY_AT)) : 'pass';
      if (fault === 'pass') return write(chunks);
      this.faults += 1;
      if (fault === 'cut-after') write(chunks);
      this.#open.delete(stream);
      // After the bytes have gone out, and before any answer can come back.
      queueMicrotask(() => stream.destroy(new Error('cut')));
      return false;
    };
    return stream;
  }
}
