import { EmbeddedBroker } from '@millrace/broker';
import { Cluster } from '@millrace/client';
import { TopicPeer } from './topic-peer.js';

export type { GivenRecord, SeenRecord } from './topic-peer.js';

/** An embedded broker with a client of its own, for specs: produces, and reads what is committed. */
export class EmbeddedCluster extends TopicPeer {
  readonly broker: EmbeddedBroker;

  private constructor(broker: EmbeddedBroker) {
    super(new Cluster({ ...optionsOf(broker), clientId: 'spec' }));
    this.broker = broker;
  }

  static async start(topics: Readonly<Record<string, number>> = {}): Promise<EmbeddedCluster> {
    const broker = new EmbeddedBroker();
    await broker.start();
    const cluster = new EmbeddedCluster(broker);
    await cluster.open(topics);
    return cluster;
  }

  /** How an application reaches this cluster. */
  options(): { bootstrap: string[]; dialer: ReturnType<EmbeddedBroker['dialer']> } {
    return optionsOf(this.broker);
  }

  async stop(): Promise<void> {
    await this.close();
    await this.broker.stop();
  }
}

function optionsOf(broker: EmbeddedBroker): { bootstrap: string[]; dialer: ReturnType<EmbeddedBroker['dialer']> } {
  return { bootstrap: ['memory:9092'], dialer: broker.dialer() };
}
