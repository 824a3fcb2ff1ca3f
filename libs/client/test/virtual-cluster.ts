import { EmbeddedBroker } from '@millrace/broker';
import { SeededRandom, type Lifecycle } from '@millrace/kernel';
import { Admin, Cluster, clientChannels, type ClusterOptions } from '../src/index.js';
import { FaultyDialer } from './contract/faulty-dialer.js';
import { VirtualTime } from './virtual-time.js';

/** An embedded broker and clients in one virtual time: nothing waits for the real clock. */
export class VirtualCluster extends VirtualTime {
  readonly broker = new EmbeddedBroker({ clock: this.clock, random: new SeededRandom(1) });
  readonly faults = new FaultyDialer(this.broker.dialer());
  /** How often each API was answered. */
  readonly answered = new Map<string, number>();
  readonly #started: Lifecycle[] = [];
  readonly #unsubscribe: () => void;

  constructor() {
    super();
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

  async stop(): Promise<void> {
    this.#unsubscribe();
    for (const part of this.#started.splice(0).reverse()) await this.run(part.stop());
    await this.broker.stop();
  }
}
