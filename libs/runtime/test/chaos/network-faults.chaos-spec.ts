import { afterAll, afterEach, beforeAll, describe, it } from '@jest/globals';
import { Cluster } from '@millrace/client';
import {
  ContainerNetwork,
  startKafka,
  startNetworkFaults,
  type KafkaCluster,
  type NetworkProxy,
} from '@millrace/testing/containers';
import { ChaosRun } from './chaos-run.js';
import type { WorkerEvent } from './worker-process.js';

const stack = new AsyncDisposableStack();
let kafka: KafkaCluster;
let cluster: Cluster;
beforeAll(async () => {
  const network = stack.use(await ContainerNetwork.create());
  const faults = stack.use(await startNetworkFaults({ network }));
  kafka = stack.use(await startKafka({ brokers: 3, network, faults }));
  // The test's own client takes the way that does not fail.
  cluster = new Cluster({ bootstrap: kafka.bootstrap, clientId: 'chaos-spec' });
  await cluster.start();
  stack.defer(() => cluster.stop());
});
afterEach(() => onAll((proxy) => proxy.heal()));
afterAll(() => stack.disposeAsync());

const onAll = async (change: (proxy: NetworkProxy) => Promise<void>): Promise<void> =>
  void (await Promise.all(kafka.proxies.map(change)));

const timedOut = ({ event, error = '' }: WorkerEvent): boolean => event === 'closed' && /did not answer/.test(error);
/** Most connections end before they are open, and so are never told to be closed. */
const wasReset = ({ error = '' }: WorkerEvent): boolean => /ECONNRESET/.test(error);
const wasClosed = ({ event }: WorkerEvent): boolean => event === 'closed';
const wasSlow = ({ event }: WorkerEvent): boolean => event === 'slow commit';

interface NetworkFault {
  readonly fault: string;
  readonly strike: (proxy: NetworkProxy) => Promise<void>;
  /** What the worker notices of it. */
  readonly trace: (event: WorkerEvent) => boolean;
  /** So many traces are waited for. */
  readonly traces: number;
}

const NETWORK_FAULTS: readonly NetworkFault[] = [
  {
    fault: 'one-way cut: requests vanish',
    strike: (proxy) => proxy.blackhole('upstream'),
    trace: timedOut,
    traces: 3,
  },
  {
    fault: 'one-way cut: answers vanish',
    strike: (proxy) => proxy.blackhole('downstream'),
    trace: timedOut,
    traces: 3,
  },
  { fault: 'connections are reset', strike: (proxy) => proxy.reset(100), trace: wasReset, traces: 12 },
  {
    fault: 'answers take 2 s',
    strike: (proxy) => proxy.latency({ latencyMs: 2_000 }),
    trace: wasSlow,
    traces: 3,
  },
  {
    fault: 'answers end in the middle of a frame',
    strike: (proxy) => proxy.cutAfter(6_007),
    trace: wasClosed,
    traces: 12,
  },
  {
    fault: 'requests end in the middle of a frame',
    strike: (proxy) => proxy.cutAfter(2_003, 'upstream'),
    trace: wasClosed,
    traces: 12,
  },
];

describe('a network that fails under load loses and doubles nothing', () => {
  it.each(NETWORK_FAULTS)('$fault', async ({ fault, strike, trace, traces }) => {
    await using run = await ChaosRun.begin(fault, cluster, kafka.bootstrapOf('PROXIED'));
    await run.load();
    const worker = run.worker({ instanceId: 'worker', requestTimeoutMs: 3_000, transactionTimeoutMs: 15_000 });
    await worker.isRunning();
    await run.progress();

    const told = worker.events.length;
    await onAll(strike);
    const noticed = (): WorkerEvent[] => worker.events.slice(told).filter(trace);
    await worker.tells(`${traces} traces of the fault`, () => noticed().length >= traces, told);
    const [toxic] = await kafka.proxies[0]!.faults();
    run.ledger.fired(`${toxic!.type} ${toxic!.stream}, ${noticed().length} × ${noticed()[0]!.event}`);
    await onAll((proxy) => proxy.heal());
    await run.caughtUp();
    await run.progress();

    await run.settle();
  });
});
