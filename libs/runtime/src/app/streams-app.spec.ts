import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Producer } from '@millrace/client';
import { TransientError } from '@millrace/kernel';
import { RecordBatchBuilder } from '@millrace/protocol';
import { TopologyBuilder } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { ApiKeys, FaultDialer } from '../../test/fault-dialer.js';
import { enrichment, flight, flightTopics, type EnrichedFlight } from '../../test/flights.js';
import { runtimeChannels, type DeadLetterEvent, type RestoreEvent } from '../diagnostics/channels.js';
import { TransactionalOutput } from '../output/transactional-output.js';
import { StreamsApp } from './streams-app.js';

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ ...flightTopics, [events.name]: 2, counts: 2 });
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

async function enrichedFlights(): Promise<EnrichedFlight[]> {
  return (await cluster.read('enriched')).map(({ value }) => JSON.parse(value as string) as EnrichedFlight);
}

describe('StreamsApp', () => {
  it('joins, looks up, repartitions and aggregates from end to end', async () => {
    await cluster.produce('aircraft', [{ key: 'N1', value: 'A320' }]);
    await cluster.produce('carriers', [{ key: 'UA', value: 'United' }]);
    await cluster.produce('flights', [flight('N1', 'UA', 10), flight('N1', 'UA', 20), flight('N2', 'UA', 30)]);
    const app = await apps.start(enrichment());

    await app.drained();

    expect((await enrichedFlights()).toSorted((a, b) => a.delay - b.delay)).toEqual([
      { tail: 'N1', carrier: 'UA', delay: 10, model: 'A320', name: 'United' },
      { tail: 'N1', carrier: 'UA', delay: 20, model: 'A320', name: 'United' },
      { tail: 'N2', carrier: 'UA', delay: 30, model: null, name: 'United' },
    ]);
    const sums = (await cluster.read('delays')).map(({ value }) => Number(value));
    expect(Math.max(...sums)).toBe(60);
    expect(app.lag().every(({ lagRecords }) => lagRecords === 0)).toBe(true);
    expect(app.health()).toMatchObject({ state: 'RUNNING', threads: [{ state: 'RUNNING' }] });
  });

  it('creates its internal topics: changelogs compacted, with as many partitions as their inputs', async () => {
    await apps.start(enrichment());

    expect(await cluster.admin.listTopics()).toEqual(
      expect.arrayContaining(['app-by-carrier-repartition', 'app-delay-sums-changelog', 'flights-dlt']),
    );
    expect(await cluster.client.partitionCount('app-delay-sums-changelog')).toBe(2);
    const configs = await cluster.admin.describeTopicConfigs(['app-delay-sums-changelog']);
    expect(configs.get('app-delay-sums-changelog')?.get('cleanup.policy')).toBe('compact');
  });

  it('sees in a global table what was written before the start and what comes later', async () => {
    await cluster.produce('carriers', [{ key: 'UA', value: 'United' }]);
    const app = await apps.start(enrichment());
    await cluster.produce('carriers', [{ key: 'DL', value: 'Delta' }]);

    await eventually('the new carrier is seen', async () => {
      await cluster.produce('flights', [flight('N1', 'DL', 1), flight('N1', 'UA', 1)]);
      await app.drained();
      const names = new Set((await enrichedFlights()).map(({ name }) => name));
      return names.has('Delta') && names.has('United');
    });
  });

  it('does not see what a transaction wrote that was aborted', async () => {
    const producer = new Producer(cluster.client, { transactionalId: 'upstream' });
    await producer.start();
    for (const [value, isCommitted] of [
      ['a', true],
      ['b', false],
      ['c', true],
    ] as const) {
      const batch = new RecordBatchBuilder();
      batch.append(1, Buffer.from('k'), Buffer.from(value));
      producer.beginTransaction();
      await producer.send('events', 0, batch);
      await (isCommitted ? producer.commitTransaction() : producer.abortTransaction());
    }
    await producer.stop();
    const handled: string[] = [];
    const app = await apps.start(counting((value) => void handled.push(value)));

    await app.drained();

    expect(handled).toEqual(['a', 'c']);
    expect(app.lag().every(({ lagRecords }) => lagRecords === 0)).toBe(true);
  });

  it('goes on after a restart where it stopped, with its stores restored', async () => {
    const restored: RestoreEvent[] = [];
    const first = await apps.start(counting());
    await cluster.produce('events', numbered(500));
    await first.drained();
    await first.stop();
    const unsubscribe = runtimeChannels.restored.subscribe((event) => restored.push(event));
    const second = await apps.start(counting());
    await cluster.produce('events', numbered(500, 500));

    await second.drained();
    unsubscribe();

    await expectCountedOnce(cluster, numbered(1_000));
    const ended = restored.filter(({ phase }) => phase === 'ended');
    expect(ended.map(({ topic }) => topic)).toEqual(['app-event-counts-changelog', 'app-event-counts-changelog']);
    expect(ended.reduce((sum, { restoredRecords }) => sum + restoredRecords, 0)).toBe(500);
    expect(second.metrics.recordsProcessed).toBe(500);
  });

  it('restores a table from its own topic, only as far as it had read it', async () => {
    const first = await apps.start(enrichment());
    await cluster.produce('aircraft', [{ key: 'N1', value: 'A320' }]);
    await first.drained();
    await first.stop();
    await cluster.produce('flights', [flight('N1', 'UA', 1, 1_000)]);
    await cluster.produce('aircraft', [{ key: 'N1', value: 'A380', timestampMs: 2_000 }]);

    const second = await apps.start(enrichment());
    await second.drained();

    expect((await enrichedFlights()).map(({ model }) => model)).toEqual(['A320']);
  });

  it('sends unreadable records to the dead letters within the transaction, and goes on', async () => {
    const letters: DeadLetterEvent[] = [];
    const unsubscribe = runtimeChannels.deadLettered.subscribe((event) => letters.push(event));
    await cluster.produce('flights', [
      { key: 'N1', value: 'not json', partition: 1, timestampMs: 5 },
      { ...flight('N1', 'UA', 1), partition: 1 },
    ]);
    const app = await apps.start(enrichment());

    await app.drained();
    unsubscribe();

    expect(await enrichedFlights()).toHaveLength(1);
    const [letter] = await cluster.read('flights-dlt');
    expect(letter).toMatchObject({ partition: 1, key: 'N1', value: 'not json', timestampMs: 5 });
    expect(letter?.headers.get('dlt.application')).toBe('app');
    expect(letter?.headers.get('dlt.offset')).toBe('0');
    expect(letters).toMatchObject([
      { topic: 'flights', partition: 1, offset: 0, node: 'flights', code: 'MR_RECORD_UNREADABLE' },
    ]);
    expect(app.metrics.deadLetters).toBe(1);
  });

  it('does the work since the last commit again when a handler fails for now', async () => {
    let failures = 3;
    const topology = counting((value) => {
      if (value === 'v321' && failures-- > 0) throw new TransientError('MR_DEPENDENCY_TIMEOUT', 'try again');
    });
    await cluster.produce('events', numbered(600));
    const app = await apps.start(topology);

    await app.drained();

    expect(failures).toBe(-1);
    await expectCountedOnce(cluster, numbered(600));
  });

  it('waits for handlers that return promises, in order', async () => {
    const app = await apps.start(counting(() => new Promise((resolve) => setImmediate(resolve))));
    await cluster.produce('events', numbered(300));

    await app.drained();

    await expectCountedOnce(cluster, numbered(300));
  });

  it('processes at least once when that is asked for, without transactions', async () => {
    await cluster.produce('events', numbered(500));
    const app = await apps.start(counting(), { processingGuarantee: 'at_least_once' });
    await app.drained();
    await app.stop();
    const again = await apps.start(counting(), { processingGuarantee: 'at_least_once' });
    await again.drained();

    await expectCountedOnce(cluster, numbered(500));
    expect(again.metrics.recordsProcessed).toBe(0);
  });

  it('ends, instead of going on elsewhere, when its input is gone from the log', async () => {
    const output = new TransactionalOutput(new Producer(cluster.client, { transactionalId: 'earlier' }));
    await output.start();
    const outsider = { groupId: 'app', generationId: -1, memberId: '' };
    await output.commit([{ topic: 'events', partition: 0, offset: 1_000 }], outsider);
    await output.stop();

    const app = await apps.start(counting());

    await expect(app.finished).rejects.toMatchObject({ code: 'MR_OFFSET_OUT_OF_RANGE' });
    expect(app.state).toBe('ERROR');
  });

  it('fences the process that has the same instance id', async () => {
    const first = await apps.start(counting(), { instanceId: 'pod-1' });
    await cluster.produce('events', numbered(100));
    await first.drained();
    const second = await apps.start(counting(), { instanceId: 'pod-1' });
    await cluster.produce('events', numbered(100, 100));
    await second.drained();

    await expect(first.finished).rejects.toThrow(/same group.instance.id|fenced/i);
    await expectCountedOnce(cluster, numbered(200));
  });

  it('has stopped in order, and not failed, when it had to cut its connections to stop', async () => {
    const faults = new FaultDialer(cluster.broker.dialer());
    const app = await apps.start(counting(), { dialer: faults });
    faults.onRequest = (apiKey) => (apiKey === ApiKeys.EndTxn ? 'cut-before' : 'pass');
    await cluster.produce('events', numbered(100));
    await eventually('a commit is tried again and again', () => faults.faults > 2);

    await app.stop();

    await expect(app.finished).resolves.toBeUndefined();
    expect(app.state).toBe('STOPPED');
  });

  it('refuses to start when topics are missing, naming all of them', async () => {
    await cluster.admin.deleteTopics(['flights', 'carriers']);

    await expect(apps.start(enrichment())).rejects.toThrow(/'flights' does not exist[^]*'carriers' does not exist/);
  });

  it('refuses to start when joined topics have different numbers of partitions', async () => {
    await cluster.admin.deleteTopics(['aircraft']);
    await cluster.admin.createTopics([{ name: 'aircraft', partitions: 3 }]);

    await expect(apps.start(enrichment())).rejects.toThrow(
      /'flights' has 2.*'aircraft' has 3|'aircraft' has 3.*'flights' has 2/,
    );
  });

  it('refuses to start when an internal topic has another number of partitions, and says what to do', async () => {
    await cluster.admin.createTopics([{ name: 'app-delay-sums-changelog', partitions: 5 }]);

    await expect(apps.start(enrichment())).rejects.toThrow(
      /'app-delay-sums-changelog' has 5 partitions.*applicationId/,
    );
  });

  it('reports everything that is wrong with its options at once', () => {
    const options = {
      applicationId: 'a b',
      topologies: [],
      cluster: cluster.options(),
      threads: 0,
      commitInterval: '1h',
    } as const;

    expect(() => new StreamsApp(options)).toThrow(/applicationId[^]*topologies[^]*threads[^]*commitInterval/);
  });

  it('refuses calls to the outside that may take longer than a transaction can wait, unless there is none', () => {
    const t = new TopologyBuilder('slow');
    const retry = { attempts: 3, backoffBase: '1s' } as const;
    t.stream('events', events).asyncMap('ask', async (value) => value, { timeout: '5s', retry });
    const options = { applicationId: 'app', topologies: [t.build()], cluster: cluster.options() };

    expect(() => new StreamsApp(options)).toThrow(/transactionTimeout: .*'ask' in 'slow'.* 18000 ms/);
    expect(() => new StreamsApp({ ...options, transactionTimeout: '36s' })).not.toThrow();
    expect(() => new StreamsApp({ ...options, processingGuarantee: 'at_least_once' })).not.toThrow();
  });

  it('refuses topologies that read the same topic under one application', () => {
    const options = { applicationId: 'app', cluster: cluster.options() };
    const other = counting();

    expect(() => new StreamsApp({ ...options, topologies: [counting(), other] })).toThrow(/two are named 'counting'/);
  });
});
