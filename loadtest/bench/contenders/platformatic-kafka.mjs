/** @platformatic/kafka as a contender: a transaction every 100 ms, with the last offset of each partition in it. */
import { Consumer, Producer } from '@platformatic/kafka';
import { enriched, onStop, say, segments, work } from './work.mjs';

const { bootstrap, applicationId, input, output, commitIntervalMs } = work;
/** So many records are sent at once at most: a request must stay below the broker's limit. */
const MAX_RECORDS = 2_000;

const common = { clientId: applicationId, bootstrapBrokers: bootstrap };
const producer = new Producer({ ...common, transactionalId: applicationId, idempotent: true });
const consumer = new Consumer({ ...common, groupId: applicationId, isolationLevel: 1, maxWaitTime: 100 });
const table = segments();

const stream = await consumer.consume({ topics: [input], mode: 'earliest', autocommit: false });
onStop(async () => {
  await consumer.close(true);
  await producer.close(true);
});
say('running');

let transaction;
let begunMs = 0;
let last = new Map();
let messages = [];

async function send() {
  if (messages.length === 0) return;
  const sent = messages;
  messages = [];
  await transaction.send({ messages: sent, acks: -1 });
}

async function commit() {
  await send();
  await transaction.addConsumer(consumer);
  for (const message of last.values()) await transaction.addOffset(message);
  await transaction.commit();
  transaction = undefined;
  last = new Map();
}

for await (const message of stream) {
  if (transaction === undefined) {
    transaction = await producer.beginTransaction();
    begunMs = performance.now();
  }
  const { key, value, timestamp } = message;
  messages.push({ topic: output, key, value: Buffer.from(enriched(table, value)), timestamp });
  last.set(message.partition, message);
  if (messages.length >= MAX_RECORDS) await send();
  if (performance.now() - begunMs > commitIntervalMs || stream.readableLength === 0) await commit();
}
