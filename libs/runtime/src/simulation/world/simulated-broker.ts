import { EmbeddedBroker, MemoryDisk, type EmbeddedBrokerOptions } from '@millrace/broker';
import type { ByteStream, Lifecycle } from '@millrace/kernel';

/**
 * The broker of a simulated world, on a disk that outlives it.
 *
 * What it has acknowledged is on that disk, as a machine keeps it whose process is killed: topics, records, committed offsets,
 * transactions, whether open or decided. What it had in memory alone is lost: connections, members of groups, requests that
 * wait.
 */
export class SimulatedBroker implements Lifecycle {
  readonly #broker: EmbeddedBroker;
  #isUp = false;

  constructor(options: EmbeddedBrokerOptions) {
    this.#broker = new EmbeddedBroker({ ...options, stateDir: 'broker', disk: new MemoryDisk() });
  }

  /** Whether it takes connections. */
  get isUp(): boolean {
    return this.#isUp;
  }

  async start(): Promise<void> {
    await this.#broker.start();
    this.#isUp = true;
  }

  async stop(): Promise<void> {
    this.#isUp = false;
    await this.#broker.stop();
  }

  /** Serves a connection until it ends. @param remote where it comes from. */
  attach(stream: ByteStream, remote: string): void {
    this.#broker.attach(stream, remote);
  }
}
