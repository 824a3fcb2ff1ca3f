/**
 * Throughput of the produce and fetch loops against an embedded broker in the same process, so that a figure holds the work
 * of both sides.
 *
 * `node tools/build.mjs && node libs/client/bench/throughput.mjs [seconds per case, default 3]` (Node 24)
 */
import { EmbeddedBroker } from '@millrace/broker';
import { Admin, Cluster, CommittedRecords, Fetcher, Producer, RecordProducer, TcpDialer } from '@millrace/client';
import { RecordBatchBuilder } from '@millrace/protocol';

const CASE_MS = Number(process.argv[2] ?? 3) * 1_000;
const PARTITIONS = 6;
const BATCH_BYTES = 256 * 1024;
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

const broker = new EmbeddedBroker({ maxMessageBytes: 2 * BATCH_BYTES });
await broker.start();
const { host, port } = await broker.listen();
let topicCount = 0;

function report(name, records, bytes, startedMs, cpu) {
  const seconds = (performance.now() - startedMs) / 1_000;
  const used = process.cpuUsage(cpu);
  const cpuSeconds = (used.user + used.system) / 1e6;
  const rate = Math.round(records / seconds / 1_000).toString();
  const megabytes = (bytes / seconds / 1e6).toFixed(0);
  const perCpu = Math.round(records / cpuSeconds / 1_000);
  console.log(
    `${name.padEnd(58)} ${rate.padStart(6)} k records/s ${megabytes.padStart(5)} MB/s ${perCpu} k records/cpu-s`,
  );
}

async function newTopic(cluster) {
  const name = `bench-${++topicCount}`;
  await new Admin(cluster).createTopics([{ name, partitions: PARTITIONS }]);
  return name;
}

function fullBatch(valueBytes) {
  const builder = new RecordBatchBuilder();
  const value = Buffer.alloc(valueBytes, 'flight UA 1545 from EWR to IAH ');
  for (let index = 0; builder.sizeInBytes < BATCH_BYTES - valueBytes - 50; index++) {
    builder.append(1_000 + index, Buffer.from(`key-${index % 1_000}`), value);
  }
  return builder;
}

async function produceBatches(cluster, how, valueBytes, compression, transactional) {
  const topic = await newTopic(cluster);
  const producer = new Producer(cluster, { compression, ...(transactional && { transactionalId: topic }) });
  await producer.start();
  const batch = fullBatch(valueBytes);
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  let records = 0;
  let bytes = 0;
  let begunMs = 0;
  while (performance.now() - startedMs < CASE_MS) {
    if (transactional && begunMs === 0) {
      producer.beginTransaction();
      begunMs = performance.now();
    }
    let last = Promise.resolve();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      last = producer.send(topic, partition, batch);
      records += batch.recordCount;
      bytes += batch.sizeInBytes;
    }
    if (producer.bufferedBytes > MAX_BUFFERED_BYTES) await last;
    if (transactional && performance.now() - begunMs > 100) {
      await producer.commitTransaction();
      begunMs = 0;
    }
  }
  if (transactional && begunMs > 0) await producer.commitTransaction();
  await producer.flush();
  const kind = transactional ? 'transactions of 100 ms' : 'idempotent';
  report(`produce batches, ${how}, ${valueBytes} B, ${compression}, ${kind}`, records, bytes, startedMs, cpu);
  await producer.stop();
  return topic;
}

async function produceRecords(cluster, how, valueBytes) {
  const topic = await newTopic(cluster);
  const producer = new RecordProducer(cluster);
  await producer.start();
  const value = Buffer.alloc(valueBytes, 'x');
  const keys = Array.from({ length: 1_000 }, (_, index) => Buffer.from(`key-${index}`));
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  let records = 0;
  while (performance.now() - startedMs < CASE_MS) {
    for (let index = 0; index < 1_000; index++) producer.send(topic, keys[index], value, { timestampMs: 1_000 });
    records += 1_000;
    if (producer.bufferedBytes > MAX_BUFFERED_BYTES) await producer.flush();
    else await new Promise((resolve) => setImmediate(resolve));
  }
  await producer.flush();
  report(`produce record by record, ${how}, ${valueBytes} B`, records, records * valueBytes, startedMs, cpu);
  await producer.stop();
}

async function fetchAll(cluster, how, topic, label) {
  const fetcher = new Fetcher(cluster, { isolation: 'read_committed' });
  await fetcher.start();
  const cursor = new CommittedRecords();
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  let records = 0;
  let bytes = 0;
  let keyBytes = 0;
  while (performance.now() - startedMs < CASE_MS) {
    const assigned = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, offset: 0 }));
    fetcher.assign([]);
    fetcher.assign(assigned);
    while (!assigned.every((each) => fetcher.isCaughtUp(each)) && performance.now() - startedMs < CASE_MS) {
      for (const batch of await fetcher.poll(100)) {
        bytes += batch.records.length;
        cursor.reset(batch);
        while (cursor.nextRecord()) {
          records++;
          keyBytes += cursor.cursor.keyEnd - cursor.cursor.keyStart;
        }
      }
    }
  }
  if (keyBytes === 0) throw new Error('nothing was read');
  report(`fetch and walk, ${how}, ${label}`, records, bytes, startedMs, cpu);
  await fetcher.stop();
}

for (const [how, dialer] of [
  ['in memory', broker.dialer()],
  ['TCP', new TcpDialer()],
]) {
  const cluster = new Cluster({ bootstrap: [`${host}:${port}`], clientId: 'bench', dialer });
  await cluster.start();
  for (const [valueBytes, compression] of [
    [100, 'none'],
    [1_000, 'none'],
    [100, 'lz4'],
    [100, 'snappy'],
    [100, 'zstd'],
  ]) {
    const topic = await produceBatches(cluster, how, valueBytes, compression, false);
    await fetchAll(cluster, how, topic, `${valueBytes} B, ${compression}`);
    await new Admin(cluster).deleteTopics([topic]);
  }
  await new Admin(cluster).deleteTopics([await produceBatches(cluster, how, 100, 'none', true)]);
  await produceRecords(cluster, how, 100);
  await cluster.stop();
}
await broker.stop();
