import { TcpDialer } from '@millrace/client';
import { TransientError, type ByteStream, type Dialer } from '@millrace/kernel';

/** Opens TCP connections until it is severed: what then looks to the broker as if the process had been killed. */
export class SeverableDialer implements Dialer {
  readonly #inner = new TcpDialer();
  readonly #open = new Set<ByteStream>();
  #isSevered = false;

  async dial(host: string, port: number, options: { timeoutMs: number }): Promise<ByteStream> {
    if (this.#isSevered) throw new TransientError('MR_NETWORK_DISCONNECTED', 'severed by the test');
    const stream = await this.#inner.dial(host, port, options);
    this.#open.add(stream);
    return stream;
  }

  /** Cuts all connections, and refuses new ones until {@link mend}. */
  sever(): void {
    this.#isSevered = true;
    for (const stream of this.#open) stream.destroy(new Error('severed by the test'));
    this.#open.clear();
  }

  mend(): void {
    this.#isSevered = false;
  }
}
