/**
 * Restores a store from its changelog: `node --expose-gc dist/bench/restore.bench.js [records [engine…]]`.
 *
 * Without arguments: a million records into the heap, into LMDB, and once more on what LMDB has kept; then five million into LMDB,
 * twice as well. The runtime does the work, against an embedded broker in the same process; each record has a key of its own.
 * Prints a line each: the rate; the CPU time of the process, with broker and start of the application, for machines that do other
 * work too; what the heap has gained once the store is there, and what lies outside of it in buffers.
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

/** Of buffers that live outside the heap; the embedded broker's log is among them, and does not change. */
function buffersMiB(): number {
  return process.memoryUsage().arrayBuffers / 2 ** 20;
}

function signed(mebibytes: number): string {
  const rounded = Math.round(mebibytes);
  return `${rounded < 0 ? '-' : '+'}${Math.abs(rounded)} MiB`;
}

async function restore(broker: EmbeddedBroker, engine: string, directory: string, isAgain: boolean): Promise<void> {
  const [beforeMiB, beforeBuffersMiB] = [heapMiB(), buffersMiB()];
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
  const cpuBefore = process.cpuUsage();
  await app.start();
  const { restoredRecords, durationMs } = await ended.promise;
  unsubscribe();
  const { user, system } = process.cpuUsage(cpuBefore);
  const [gainedMiB, gainedBuffersMiB] = [heapMiB() - beforeMiB, buffersMiB() - beforeBuffersMiB];
  await app.stop();
  const rate = Math.round((restoredRecords / durationMs) * 1_000).toLocaleString('en');
  const what = `${restoredRecords.toLocaleString('en')} records in ${Math.round(durationMs)} ms, ${rate} records/s, ${Math.round((user + system) / 1_000)} ms of CPU`;
  console.log(
    `${engine}${isAgain ? ', started again' : ''}: ${what}, heap ${signed(gainedMiB)}, buffers ${signed(gainedBuffersMiB)}`,
  );
}

/** One line of the report: a changelog of so many records, and the engines that restore it one after the other. */
async function run(records: number, engines: readonly string[]): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'millrace-bench-'));
  const broker = new EmbeddedBroker();
  await broker.start();
  try {
    await fillChangelog(broker, records);
    for (const [nth, engine] of engines.entries()) {
      await restore(broker, engine, directory, engines.indexOf(engine) < nth);
    }
  } finally {
    await broker.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const [records, ...engines] = process.argv.slice(2);
if (records !== undefined) await run(Number(records), engines.length > 0 ? engines : ['memory', 'lmdb', 'lmdb']);
else {
  await run(1_000_000, ['memory', 'lmdb', 'lmdb']);
  await run(5_000_000, ['lmdb', 'lmdb']);
}
