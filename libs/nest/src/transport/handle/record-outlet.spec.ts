import { EmbeddedBroker } from '@millrace/broker';
import { Admin, Cluster, Producer, RecordProducer } from '@millrace/client';
import { SystemClock, TransientError, type ByteStream, type Dialer } from '@millrace/kernel';
import { eventually } from '@millrace/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ReceivedRecord } from '../record/received-record.js';
import { RecordOutlet } from './record-outlet.js';

/** Short, so that a record is given up while its brokers are away. */
const DELIVERY_TIMEOUT_MS = 50;

let broker: EmbeddedBroker;
let cluster: Cluster;
let producer: Producer;
let outlet: RecordOutlet;
let isAway: boolean;
let open: ByteStream[];

beforeEach(async () => {
  isAway = false;
  open = [];
  broker = new EmbeddedBroker();
  await broker.start();
  const inner = broker.dialer();
  const dialer: Dialer = {
    dial: async (...where) => {
      if (isAway) throw new TransientError('MR_NETWORK_DISCONNECTED', 'away');
      const stream = await inner.dial(...where);
      open.push(stream);
      return stream;
    },
  };
  cluster = new Cluster({ bootstrap: ['memory:0'], clientId: 'spec', dialer });
  await cluster.start();
  await new Admin(cluster).createTopics([{ name: 'orders-dlt', partitions: 1 }]);
  producer = new Producer(cluster, { deliveryTimeoutMs: DELIVERY_TIMEOUT_MS });
  await producer.start();
  outlet = new RecordOutlet(cluster, new RecordProducer(producer, { lingerMs: 1 }), new SystemClock());
});
afterEach(async () => {
  await producer.stop();
  await cluster.stop();
  await broker.stop();
});

describe('RecordOutlet', () => {
  it('goes on while brokers are away for longer than a delivery may take', async () => {
    const value = Buffer.from('value');
    const record = { partition: 0, key: null, value, timestampMs: 1 } as ReceivedRecord;
    isAway = true;
    for (const stream of open) stream.destroy(new Error('away'));
    const sent = outlet.send('orders-dlt', record, [], new AbortController().signal);
    const outcome = sent.then(
      () => 'sent',
      (error: Error) => error,
    );
    await eventually('the record is on its way', () => producer.bufferedBytes > 0);
    await eventually('it was given up once', () => producer.bufferedBytes === 0);
    isAway = false;

    expect(await outcome).toBe('sent');
    const [end] = await new Admin(cluster).listOffsets([{ topic: 'orders-dlt', partition: 0, at: 'latest' }]);
    expect(end).toMatchObject({ offset: 1 });
  });
});
