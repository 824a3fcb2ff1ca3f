import { EmbeddedBroker } from '@millrace/broker';
import { ManualClock, SeededRandom, type Lifecycle } from '@millrace/kernel';
import { Admin, Cluster, clientChannels, type ClusterOptions } from '../src/index.js';
import { FaultyDialer } from './contract/faulty-dialer.js';

/** An embedded broker and clients in one virtual time: nothing waits for the real clock. */
export class VirtualCluster {
  readonly clock = new ManualClock(1_000_000);
  readonly broker = new EmbeddedBroker({ clock: this.clock, random: new SeededRandom(1) });
  readonly faults = new FaultyDialer(this.broker.dialer());
  /** How often each API was answered. */
  readonly answered = new Map<string, number>();
  readonly #started: Lifecycle[] = [];
  readonly #unsubscribe: () => void;

  constructor() {
    this.#unsubscribe = clientChannels.request.subscribe(({ api }) =>
      this.answered.set(api, (this.answered.get(api) ?? 0) + 1),
    );
  }

  static async open(options: Partial<ClusterOptions> = {}): Promise<{ virtual: VirtualCluster; cluster: Cluster }> {
    const virtual = new VirtualCluster();
    await virtual.broker.start();
    return { virtual, cluster: await virtual.cluster(options) };
  }

  async cluster(options: Partial<ClusterOptions> = {}): Promise<Cluster> {
    const { clock, faults: dialer } = this;
    const random = new SeededRandom(2);
    return this.start(new Cluster({ bootstrap: ['memory:0'], clientId: 'virtual', clock, dialer, random, ...options }));
  }

  async start<T extends Lifecycle>(part: T): Promise<T> {
    await this.run(part.start());
    this.#started.push(part);
    return part;
  }

  async topic(cluster: Cluster, partitions = 1): Promise<string> {
    await this.run(new Admin(cluster).createTopics([{ name: 'orders', partitions }]));
    return 'orders';
  }

  /** Moves time on, from timer to timer, until the promise is settled. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => (settled = true));
    watched.catch(() => undefined);
    await this.until('the promise is settled', () => settled);
    return watched;
  }

  /** Moves time on, from timer to timer, until the condition holds. */
  async until(what: string, condition: () => boolean): Promise<void> {
    for (let step = 0; step < 20_000; step++) {
      await this.settle();
      if (condition()) return;
      const next = this.clock.nextTimerMs();
      if (next !== undefined) this.clock.advanceTo(next);
    }
    throw new Error(`it never came true that ${what}`);
  }

  /** Lets everything happen that does not wait for time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves time on by `ms`, as far as anybody notices. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    await this.until(`${ms} ms have passed`, () => {
      const next = this.clock.nextTimerMs();
      if (next !== undefined && next <= endMs) return false;
      this.clock.advanceTo(endMs);
      return true;
    });
    await this.settle();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    for (const part of this.#started.splice(0).reverse()) await this.run(part.stop());
    await this.broker.stop();
  }
}
