/** kafkajs as a contender: a transaction for each batch that it fetches, with the offsets in it. */
import { Kafka, logLevel } from 'kafkajs';
import { enriched, onStop, say, segments, work } from './work.mjs';

const { bootstrap, applicationId, input, output } = work;
const kafka = new Kafka({ clientId: applicationId, brokers: bootstrap, logLevel: logLevel.ERROR });
const producer = kafka.producer({ transactionalId: applicationId, idempotent: true, maxInFlightRequests: 1 });
const consumer = kafka.consumer({ groupId: applicationId, readUncommitted: false });
const table = segments();
/** Bytes of values in one request: the broker takes about a megabyte. */
const MAX_REQUEST_BYTES = 700_000;

/** The records in parts that a request can hold. */
function* parts(messages) {
  let part = [];
  let bytes = 0;
  for (const message of messages) {
    part.push(message);
    bytes += message.value.length;
    if (bytes < MAX_REQUEST_BYTES) continue;
    yield part;
    part = [];
    bytes = 0;
  }
  if (part.length > 0) yield part;
}

onStop(async () => {
  await consumer.disconnect();
  await producer.disconnect();
});
await producer.connect();
await consumer.connect();
await consumer.subscribe({ topics: [input], fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch, resolveOffset }) => {
    const { topic, partition, messages } = batch;
    const transaction = await producer.transaction();
    const results = messages.map(({ key, value, timestamp }) => ({ key, value: enriched(table, value), timestamp }));
    for (const part of parts(results)) await transaction.send({ topic: output, messages: part });
    const offset = String(BigInt(batch.lastOffset()) + 1n);
    const topics = [{ topic, partitions: [{ partition, offset }] }];
    await transaction.sendOffsets({ consumerGroupId: applicationId, topics });
    await transaction.commit();
    resolveOffset(batch.lastOffset());
  },
});
say('running');
