import { EmbeddedBroker } from '@millrace/broker';
import type { ClusterOptions } from '@millrace/client';
import type { PortChoice } from '../cli/options.js';
import { listenOn } from './port-choice.js';

/** How the apps of this process reach the brokers. */
export interface BrokerAccess {
  readonly cluster: Pick<ClusterOptions, 'bootstrap' | 'dialer'>;
  /** For a person: where other programs can connect to. */
  readonly address: string;
  stop(): Promise<void>;
}

/** What an embedded broker is told. */
export interface EmbeddedBrokerSettings {
  readonly stateDir: string;
  readonly port: PortChoice;
  readonly onFallBack: (taken: number) => void;
}

/** Starts the embedded broker: on 127.0.0.1 for other programs, and without a network for this process. */
export async function startEmbeddedBroker({
  stateDir,
  port,
  onFallBack,
}: EmbeddedBrokerSettings): Promise<BrokerAccess> {
  const broker = new EmbeddedBroker({ stateDir });
  await broker.start();
  try {
    const { host, port: listening } = await listenOn(port, (wanted) => broker.listen({ port: wanted }), onFallBack);
    const address = `${host}:${listening}`;
    return { cluster: { bootstrap: [address], dialer: broker.dialer() }, address, stop: () => broker.stop() };
  } catch (cause) {
    await broker.stop();
    throw cause;
  }
}

/** Access to a cluster that somebody else runs. */
export function externalBrokers(brokers: readonly string[]): BrokerAccess {
  return { cluster: { bootstrap: brokers }, address: brokers.join(','), stop: () => Promise.resolve() };
}
