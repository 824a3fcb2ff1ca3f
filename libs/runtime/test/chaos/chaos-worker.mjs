/**
 * A worker of the chaos ring, a process of its own: enriches each order, counts orders by key in a store on disk, all of it exactly once.
 *
 * The only argument is JSON, `WorkerOptions` of `worker-process.ts`. It tells its parent what happens, answers `drain` with its counts, and
 * ends in order at `stop`. At its cut point it prints `cut` and stops itself (SIGSTOP) in the middle of the call: the parent kills it there, or
 * lets it go on much later.
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TcpDialer, clientChannels } from '@millrace/client';
import { LmdbStoreEngine } from '@millrace/lmdb';
import { StreamsApp, runtimeChannels } from '@millrace/runtime';
import { TopologyBuilder, json, topic, utf8 } from '@millrace/streams';
import { CutPointDialer } from './cut-point-dialer.ts';

const options = JSON.parse(process.argv[2]);
const { applicationId, instanceId, bootstrap, topics, stateDirectory, cut, slow } = options;
const tell = (event, details = {}) => process.connected && process.send({ event, ...details });

const SLOW_COMMIT_MS = 2_000;
/** Enough that its batch is sent at once, which opens the transaction at the brokers. */
const BALLAST_BYTES = 300_000;

/** Adds a field to each order. With `slow` the first order opens a transaction, and the third, of the same batch, takes its time, once. */
function enriching() {
  let orders = 0;
  const enrich = ({ key, value }) => ({ ...value, region: `region of ${key}` });
  return {
    process(record, context) {
      orders += 1;
      const enriched = enrich(record);
      if (slow === undefined || orders > 3) return context.forward(record.key, enriched);
      if (orders < 3) return context.forward(record.key, { ...enriched, ballast: 'x'.repeat(BALLAST_BYTES) });
      tell('slow');
      return sleep(slow.ms).then(() => context.forward(record.key, enriched));
    },
  };
}

function countingOrders() {
  const t = new TopologyBuilder('orders');
  const enrich = enriching();
  const orders = t
    .stream('orders', topic(topics.orders, utf8, json()))
    .process('enrich', { create: () => ({ process: (record, context) => enrich.process(record, context) }) });
  orders.to('enriched', topic(topics.enriched, utf8, json()));
  orders
    .groupByKey()
    .count('count', { store: 'counts', value: json() })
    .toStream('counted')
    .to('counts-out', topic(topics.counts, utf8, json()));
  return t.build();
}

function haltAtCut() {
  writeSync(1, 'cut\n');
  process.kill(process.pid, 'SIGSTOP');
}

const dialer = new TcpDialer();
const app = new StreamsApp({
  applicationId,
  topologies: [countingOrders()],
  cluster: {
    bootstrap,
    dialer: cut === undefined ? dialer : new CutPointDialer(dialer, cut, haltAtCut),
    requestTimeoutMs: options.requestTimeoutMs,
  },
  ...(instanceId === undefined ? {} : { instanceId }),
  storeEngines: { lmdb: new LmdbStoreEngine({ directory: stateDirectory, flush: false }) },
  defaultStoreEngine: 'lmdb',
  commitInterval: 100,
  heartbeatInterval: 500,
  sessionTimeout: options.sessionTimeoutMs,
  transactionTimeout: options.transactionTimeoutMs,
  shutdownTimeout: '20s',
});

runtimeChannels.threadState.subscribe(({ to }) => tell('state', { state: to }));
runtimeChannels.failed.subscribe(({ code, action, message }) => tell('failed', { code, action, message }));
runtimeChannels.rebalanced.subscribe(({ kind, generationId }) => tell('rebalanced', { kind, generationId }));
clientChannels.transaction.subscribe(({ event }) => event !== 'committed' && tell(event));
clientChannels.retry.subscribe(({ what, error }) => tell('retry', { what, error }));
runtimeChannels.committed.subscribe(
  ({ durationMs }) => durationMs > SLOW_COMMIT_MS && tell('slow commit', { durationMs }),
);
clientChannels.connection.subscribe(({ event, error }) => error !== undefined && tell(event, { error }));

function counts() {
  const rows = {};
  for (const { role, store } of app.localStores('counts')) {
    if (role !== 'active') continue;
    for (const [key, { value }] of store.entries()) rows[key] = value;
  }
  return rows;
}

async function leave() {
  await app.stop();
  process.disconnect();
}

process.on('message', (command) => {
  if (command === 'drain') void app.drained().then(() => tell('drained', { counts: counts() }));
  if (command === 'stop') void leave();
});
// A worker without its parent is none, and one that has failed comes to its end.
process.on('disconnect', () => process.exit());

await app.start();
await app.finished.catch((error) => {
  process.exitCode = 1;
  tell('ended', { message: String(error) });
  process.disconnect();
});
