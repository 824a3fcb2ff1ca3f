/**
 * Restores a store from its changelog, in the heap and in LMDB: `node --expose-gc dist/bench/restore.bench.js [records]`.
 *
 * The runtime does the work, against an embedded broker in the same process; each record has a key of its own. Prints the rate
 * and what the heap has gained once the store is there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EmbeddedBroker } from '@millrace/broker';
import { Admin, Cluster, Producer } from '@millrace/client';
import { RecordBatchBuilder } from '@millrace/protocol';
import { StreamsApp, runtimeChannels } from '@millrace/runtime';
import { TopologyBuilder, int64, topic, utf8, type Topology } from '@millrace/streams';
import { LmdbStoreEngine } from '../lmdb-store-engine.js';

const APPLICATION = 'bench';
const CHANGELOG = `${APPLICATION}-counts-changelog`;
const BATCH_RECORDS = 5_000;

function counting(): Topology {
  const builder = new TopologyBuilder('counting');
  builder
    .stream('in', topic('events', utf8, utf8))
    .groupByKey()
    .count('count', { store: 'counts' });
  return builder.build();
}

async function fillChangelog(broker: EmbeddedBroker, records: number): Promise<void> {
  const cluster = new Cluster({ bootstrap: ['memory:9092'], dialer: broker.dialer(), clientId: 'bench' });
  await cluster.start();
  await new Admin(cluster).createTopics([
    { name: 'events', partitions: 1 },
    { name: CHANGELOG, partitions: 1, configs: { 'cleanup.policy': 'compact' } },
  ]);
  const producer = new Producer(cluster);
  await producer.start();
  const batch = new RecordBatchBuilder();
  for (let nth = 0; nth < records; nth++) {
    // Keys come in no order, as in life.
    batch.append(nth, Buffer.from(`aircraft-${Math.imul(nth, 0x9e3779b1) >>> 0}`), int64.serialize(nth));
    if (batch.recordCount < BATCH_RECORDS && nth < records - 1) continue;
    await producer.send(CHANGELOG, 0, batch);
    batch.reset();
  }
  await producer.stop();
  await cluster.stop();
}

function heapMiB(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

async function restore(broker: EmbeddedBroker, engine: string, directory: string): Promise<void> {
  const beforeMiB = heapMiB();
  const ended = Promise.withResolvers<{ readonly restoredRecords: number; readonly durationMs: number }>();
  const unsubscribe = runtimeChannels.restored.subscribe((event) => {
    if (event.phase === 'ended') ended.resolve(event);
  });
  const app = new StreamsApp({
    applicationId: APPLICATION,
    topologies: [counting()],
    cluster: { bootstrap: ['memory:9092'], dialer: broker.dialer() },
    storeEngines: { lmdb: new LmdbStoreEngine({ directory }) },
    defaultStoreEngine: engine,
  });
  await app.start();
  const { restoredRecords, durationMs } = await ended.promise;
  unsubscribe();
  const gainedMiB = heapMiB() - beforeMiB;
  await app.stop();
  const rate = Math.round((restoredRecords / durationMs) * 1_000).toLocaleString('en');
  console.log(
    `${engine}: ${restoredRecords.toLocaleString('en')} records in ${Math.round(durationMs)} ms, ${rate} records/s, heap +${gainedMiB.toFixed(0)} MiB`,
  );
}

const records = Number(process.argv[2] ?? 1_000_000);
const directory = mkdtempSync(path.join(tmpdir(), 'millrace-bench-'));
const broker = new EmbeddedBroker();
await broker.start();
try {
  await fillChangelog(broker, records);
  await restore(broker, 'memory', directory);
  await restore(broker, 'lmdb', directory);
  await restore(broker, 'lmdb', directory);
} finally {
  await broker.stop();
  rmSync(directory, { recursive: true, force: true });
}
