import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ErrorCodes, RecordBatchBuilder, apis } from '@millrace/protocol';
import { ScriptedCluster } from '../../test/scripted-cluster.js';
import { VirtualCluster } from '../../test/virtual-cluster.js';
import { Admin } from '../admin/admin.js';
import type { Cluster } from '../cluster/cluster.js';
import { clientChannels, type RetryEvent } from '../diagnostics/channels.js';
import { CommittedRecords } from '../fetch/committed-records.js';
import { Fetcher } from '../fetch/fetcher.js';
import { Producer } from './producer.js';
import type { ProducerOptions } from './producer-options.js';

let virtual: VirtualCluster;
let cluster: Cluster;

beforeEach(async () => {
  ({ virtual, cluster } = await VirtualCluster.open({ requestTimeoutMs: 2_000 }));
});
afterEach(() => virtual.stop());

function batchOf(...values: string[]): RecordBatchBuilder {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append(0, null, Buffer.from(value));
  return builder;
}

const producerWith = (options: ProducerOptions = {}): Promise<Producer> =>
  virtual.start(new Producer(cluster, options));

async function readAll(isolation: 'read_committed' | 'read_uncommitted' = 'read_uncommitted'): Promise<string[]> {
  const fetcher = await virtual.start(new Fetcher(cluster, { isolation, maxWaitMs: 10 }));
  const place = { topic: 'orders', partition: 0 };
  fetcher.assign([{ ...place, offset: 0 }]);
  const values: string[] = [];
  const records = new CommittedRecords();
  while (!fetcher.isCaughtUp(place)) {
    for (const batch of await virtual.run(fetcher.poll(100))) {
      records.reset(batch);
      while (records.nextRecord()) values.push(records.cursor.value()?.toString() ?? '');
    }
  }
  return values;
}

describe('Producer', () => {
  it('sends batches that are given at the same time in one request', async () => {
    await virtual.topic(cluster, 4);
    const producer = await producerWith();

    const sent = [0, 1, 2, 3].map((partition) => producer.send('orders', partition, batchOf('x')));
    await virtual.run(Promise.all(sent));

    expect(virtual.answered.get('Produce')).toBe(1);
  });

  it('takes the content of the builder at once', async () => {
    await virtual.topic(cluster);
    const producer = await producerWith();
    const builder = batchOf('first');
    const first = producer.send('orders', 0, builder);
    builder.reset();
    builder.append(0, null, Buffer.from('second'));
    const second = producer.send('orders', 0, builder);
    builder.reset();

    expect(await virtual.run(Promise.all([first, second]))).toEqual([{ baseOffset: 0 }, { baseOffset: 1 }]);
    expect(await readAll()).toEqual(['first', 'second']);
  });

  it('tells of each try that a broker refuses and that is repeated', async () => {
    const codes = [ErrorCodes.NOT_ENOUGH_REPLICAS, ErrorCodes.NOT_ENOUGH_REPLICAS, ErrorCodes.NONE];
    const place = { logAppendTimeMs: -1, logStartOffset: 0, baseOffset: 7, index: 0, recordErrors: [] };
    const brokers = new ScriptedCluster({ nodes: 1, topics: ['orders'] })
      .on(apis.InitProducerId, () => ({ throttleTimeMs: 0, errorCode: 0, producerId: 1, producerEpoch: 0 }))
      .on(apis.Produce, () => ({
        responses: [
          { name: 'orders', partitionResponses: [{ ...place, errorCode: codes.shift() ?? ErrorCodes.NONE }] },
        ],
      }));
    const scripted = await virtual.cluster({ dialer: brokers, bootstrap: ['broker-1:9092'] });
    const producer = await virtual.start(new Producer(scripted));
    const told: RetryEvent[] = [];
    const unsubscribe = clientChannels.retry.subscribe((event) => told.push(event));

    const result = await virtual.run(producer.send('orders', 0, batchOf('x')));
    unsubscribe();

    expect(result).toEqual({ baseOffset: 7 });
    expect(told.map(({ what, attempt }) => `${what}, ${attempt}`)).toEqual([
      'Produce to orders-0, 1',
      'Produce to orders-0, 2',
    ]);
    for (const { error, delayMs } of told) {
      expect(error).toBe('MR_BROKER_RETRIABLE: Produce to orders-0 was answered with NOT_ENOUGH_REPLICAS');
      expect(delayMs).toBeGreaterThan(0);
    }
  });

  it('gives a batch up after the delivery timeout, and goes on under a new epoch', async () => {
    await virtual.topic(cluster);
    const producer = await producerWith({ deliveryTimeoutMs: 10_000 });
    await virtual.run(producer.send('orders', 0, batchOf('before')));
    virtual.faults.freeze();
    const begunMs = virtual.clock.nowMs();
    const lost = producer.send('orders', 0, batchOf('nobody knows'));

    await expect(virtual.run(lost)).rejects.toMatchObject({
      code: 'MR_NETWORK_TIMEOUT',
      disposition: 'restart-task',
      place: { topic: 'orders', partition: 0 },
    });
    expect(virtual.clock.nowMs() - begunMs).toBeGreaterThanOrEqual(10_000);
    expect(producer.bufferedBytes).toBe(0);
    await expect(producer.flush()).rejects.toMatchObject({ code: 'MR_NETWORK_TIMEOUT' });

    const held = [producer.send('orders', 0, batchOf('after')), producer.send('orders', 0, batchOf('after that'))];
    virtual.faults.thaw();
    await virtual.run(Promise.all(held));
    expect((await readAll()).filter((value) => value !== 'nobody knows')).toEqual(['before', 'after', 'after that']);
  });

  it('survives that a batch that was never sent is given up', async () => {
    await virtual.topic(cluster);
    const producer = await producerWith({ deliveryTimeoutMs: 5_000 });
    await virtual.run(producer.send('orders', 0, batchOf('first')));
    virtual.faults.freeze();
    const lost = Array.from({ length: 12 }, (_, index) => producer.send('orders', 0, batchOf(`lost ${index}`)));
    const outcomes = await virtual.run(Promise.allSettled(lost));
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    virtual.faults.thaw();

    await virtual.run(Promise.all(['a', 'b'].map((value) => producer.send('orders', 0, batchOf(value)))));

    expect((await readAll()).filter((value) => !value.startsWith('lost'))).toEqual(['first', 'a', 'b']);
  });

  it.each([1, 2] as const)(
    'says that nobody knows how a transaction ended, and starts again (version %i)',
    async (maxTransactionVersion) => {
      await virtual.topic(cluster);
      const options = {
        transactionalId: 'tx',
        deliveryTimeoutMs: 8_000,
        transactionTimeoutMs: 600_000,
        maxTransactionVersion,
      };
      const producer = await producerWith(options);
      producer.beginTransaction();
      await virtual.run(producer.send('orders', 0, batchOf('in doubt')));
      virtual.faults.freeze();

      await expect(virtual.run(producer.commitTransaction())).rejects.toMatchObject({
        code: 'MR_NETWORK_TIMEOUT',
        disposition: 'restart-task',
        message: expect.stringContaining('nobody knows whether the transaction') as unknown,
      });
      expect(() => producer.beginTransaction()).toThrow(expect.objectContaining({ code: 'MR_PRODUCER_FENCED' }));
      virtual.faults.thaw();
      await virtual.run(producer.start());
      producer.beginTransaction();
      await virtual.run(producer.send('orders', 0, batchOf('certain')));
      await virtual.run(producer.commitTransaction());

      expect((await readAll('read_committed')).at(-1)).toBe('certain');
    },
  );

  it('is not fenced once more by an answer that its earlier session still waited for (version 1)', async () => {
    await virtual.topic(cluster, 2);
    const options = { transactionalId: 'tx', maxTransactionVersion: 1 } as const;
    const producer = await producerWith(options);
    await producerWith(options);
    let answersToCut = 1;
    virtual.faults.cutInsteadOfAnswer = () => answersToCut-- > 0;
    producer.beginTransaction();
    const lost = producer.send('orders', 0, batchOf('lost')).catch((error: unknown) => error);
    await virtual.until('adding the partition is to be tried again', () => virtual.faults.swallowed === 1);
    const offsets = [{ topic: 'orders', partition: 1, offset: 1 }];
    const group = { groupId: 'g', generationId: -1, memberId: '' };
    await expect(virtual.run(producer.sendOffsets(offsets, group))).rejects.toMatchObject({
      code: 'MR_PRODUCER_FENCED',
    });
    await virtual.run(producer.start());
    await virtual.pass(2_000);

    producer.beginTransaction();
    await virtual.run(producer.send('orders', 1, batchOf('kept')));
    await virtual.run(producer.commitTransaction());

    expect(await lost).toMatchObject({ code: 'MR_PRODUCER_FENCED' });
  });

  it('leaves behind a copy of its offsets that was never answered, by a new epoch (version 1)', async () => {
    await virtual.topic(cluster);
    const producer = await producerWith({ transactionalId: 'tx', maxTransactionVersion: 1 });
    const group = { groupId: 'g', generationId: -1, memberId: '' };
    const transact = async (offset: number): Promise<void> => {
      producer.beginTransaction();
      await virtual.run(producer.sendOffsets([{ topic: 'orders', partition: 0, offset }], group));
      await virtual.run(producer.commitTransaction());
    };
    await transact(1);
    const sessions = virtual.answered.get('InitProducerId') ?? 0;
    // The answer to AddOffsetsToTxn passes, that to TxnOffsetCommit is lost once.
    let answersToPass = 1;
    virtual.faults.cutInsteadOfAnswer = () => answersToPass-- === 0;
    await transact(2);

    expect(virtual.faults.swallowed).toBe(1);
    expect(virtual.answered.get('InitProducerId')).toBe(sessions + 1);
  });

  it('aborts an open transaction when it is stopped', async () => {
    await virtual.topic(cluster);
    const producer = await producerWith({ transactionalId: 'tx' });
    producer.beginTransaction();
    await virtual.run(producer.send('orders', 0, batchOf('open')));

    await virtual.run(producer.stop());

    const [end] = await virtual.run(
      new Admin(cluster).listOffsets([{ topic: 'orders', partition: 0, at: 'latest', isolation: 'read_committed' }]),
    );
    expect(end?.offset).toBe(2);
    expect(await readAll('read_committed')).toEqual([]);
    await expect(producer.send('orders', 0, batchOf('late'))).rejects.toMatchObject({ code: 'MR_LIFECYCLE_ORDER' });
  });

  it('waits for its batches when it is stopped', async () => {
    await virtual.topic(cluster);
    const producer = await producerWith();
    const sent = Array.from({ length: 20 }, (_, index) => producer.send('orders', 0, batchOf(`${index}`)));

    await virtual.run(producer.stop());

    expect((await Promise.all(sent)).at(-1)).toEqual({ baseOffset: 19 });
  });

  it('refuses wrong options all at once', () => {
    const make = (): Producer => new Producer(cluster, { maxInFlight: 6, deliveryTimeoutMs: 0, transactionalId: '' });

    expect(make).toThrow(expect.objectContaining({ code: 'MR_CONFIG_INVALID' }));
    expect(make).toThrow(/transactionalId[^]*maxInFlight[^]*deliveryTimeoutMs/);
  });
});
