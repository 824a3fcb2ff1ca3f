import { type Random } from '@millrace/kernel';
import type { CallOrder } from '@millrace/streams';
import { MemoryStoreEngine } from '@millrace/streams/testing';
import type { ProcessingGuarantee, StreamsAppOptions } from '../../app/streams-app-options.js';
import { StreamsApp } from '../../app/streams-app.js';
import { SinkApp } from '../../sink/sink-app.js';
import { partPolicies, partTopologies, type PartName } from '../workload/parts.js';
import { APPLICATION_ID, simulatedTopologies, topics, type HandlerBehaviour } from '../workload/topologies.js';
import type { SimulatedApp } from './app-slot.js';
import type { SimulatedDatabase } from './simulated-database.js';
import type { SimulatedHost } from './simulated-host.js';
import type { SimulatedNetwork } from './simulated-network.js';

/** Shorter is not allowed by Kafka. */
export const SESSION_TIMEOUT_MS = 6_000;
const HEARTBEAT_INTERVAL_MS = 500;
export const SHUTDOWN_TIMEOUT_MS = 3_000;
export const REQUEST_TIMEOUT_MS = 4_000;
const CONNECT_TIMEOUT_MS = 1_000;
/** Little, so that tasks wait for stores that are warm. */
const ACCEPTABLE_RECOVERY_LAG = 20;
const PROBING_INTERVAL_MS = 2_000;
/** The sink, and its group. */
export const SINK_NAME = 'sim-sink';

/** What all processes have in common. */
export interface MakerOptions {
  readonly network: SimulatedNetwork;
  /** Whether processes have an instance id, which is the same after a restart. */
  readonly isStatic: boolean;
}

/** What the processes of the application of streams have in common. */
export interface StreamsMakerOptions extends MakerOptions {
  readonly behaviourOf: (host: SimulatedHost) => HandlerBehaviour;
  readonly parts: readonly PartName[];
  readonly callOrder: CallOrder;
  readonly threads: number;
  readonly processingGuarantee: ProcessingGuarantee;
  readonly commitIntervalMs: number;
  readonly transactionTimeoutMs: number;
  /** Whether stores are kept on a disk that outlives processes. */
  readonly hasDisk: boolean;
  readonly standbyReplicas: number;
}

/** How a slot makes processes of the application of streams; with disks, stores outlive them. */
export function streamsMaker(
  slot: string,
  random: Random,
  options: StreamsMakerOptions,
): (host: SimulatedHost) => SimulatedApp {
  const { parts, callOrder, behaviourOf, hasDisk, transactionTimeoutMs, commitIntervalMs } = options;
  const { processingGuarantee, threads, standbyReplicas } = options;
  const disk = new MemoryStoreEngine();
  return (host) => {
    const behaviour = behaviourOf(host);
    return new StreamsApp({
      applicationId: APPLICATION_ID,
      topologies: [...simulatedTopologies(behaviour), ...partTopologies(parts, behaviour, callOrder)],
      policies: partPolicies(parts),
      ...(hasDisk ? { storeEngines: { disk }, defaultStoreEngine: 'disk' } : {}),
      standbyReplicas,
      acceptableRecoveryLag: ACCEPTABLE_RECOVERY_LAG,
      probingRebalanceInterval: PROBING_INTERVAL_MS,
      threads,
      processingGuarantee,
      commitInterval: commitIntervalMs,
      // The auditor reads all that was ever written.
      repartitionPurgeInterval: '365d',
      transactionTimeout: transactionTimeoutMs,
      ...surroundings(slot, host, random, options),
    });
  };
}

/** How a slot makes processes of the sink, which writes what the stateless part has passed on. */
export function sinkMaker(
  slot: string,
  random: Random,
  options: MakerOptions & { readonly database: SimulatedDatabase },
): (host: SimulatedHost) => SimulatedApp {
  return (host) => {
    const app = new SinkApp({
      name: SINK_NAME,
      topics: [topics.mapped],
      writer: options.database.writerOf(host),
      linger: 10,
      commitInterval: 200,
      ...surroundings(slot, host, random, options),
    });
    return {
      get state() {
        return app.state;
      },
      get finished() {
        return app.finished;
      },
      start: () => app.start(),
      stop: () => app.stop(),
      health: () => app.health(),
      lag: () => app.lag(),
      drained: () => app.drain(),
    };
  };
}

function surroundings(
  slot: string,
  host: SimulatedHost,
  random: Random,
  { network, isStatic }: MakerOptions,
): Pick<
  StreamsAppOptions,
  'cluster' | 'instanceId' | 'sessionTimeout' | 'heartbeatInterval' | 'shutdownTimeout' | 'clock' | 'random'
> {
  return {
    cluster: {
      bootstrap: ['broker:9092'],
      clientId: host.name,
      dialer: network.dialer(host),
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    },
    ...(isStatic ? { instanceId: slot } : {}),
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_INTERVAL_MS,
    shutdownTimeout: SHUTDOWN_TIMEOUT_MS,
    clock: host,
    random,
  };
}
