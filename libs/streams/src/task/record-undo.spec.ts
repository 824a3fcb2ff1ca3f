import { describe, expect, it } from '@jest/globals';
import { RecordError, TransientError } from '@millrace/kernel';
import { readHeaders } from '@millrace/protocol';
import { TaskHarness, type SentRecord } from '../../test/task-harness.js';
import {
  TopologyBuilder,
  json,
  keyValueStore,
  topic,
  tumbling,
  utf8,
  type ErrorPolicy,
  type KeyValueStore,
} from '../index.js';

const a = topic('a', utf8, json<unknown>());
const out = topic('out', utf8, json<unknown>());
const numbers = topic('out', utf8, json<number>());
const copies = topic('copies', utf8, json<unknown>());
const sums = keyValueStore('sums', { key: utf8, value: json<number>() });

/** Adds up, forwards the sum, and only then fails on what is not a number. */
function failingLate(policy: Partial<ErrorPolicy>, isAsync = false): TaskHarness {
  const builder = new TopologyBuilder('late');
  builder
    .stream('as', a)
    .process('adds', {
      stores: [sums],
      create: () => ({
        process: (record, context) => {
          const store = context.store(sums);
          const sum = (store.get('k') ?? 0) + 1;
          store.put('k', sum);
          const forwarded = context.forward('k', sum);
          const check = (): void => {
            if (record.value === 'transient') throw new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'away');
            if (typeof record.value !== 'number') throw new Error('no number');
          };
          if (isAsync) return Promise.resolve(forwarded).then(check);
          check();
          return undefined;
        },
      }),
    })
    .to('sink', out);
  const harness = new TaskHarness(builder, { policy });
  harness.caughtUp('a');
  return harness;
}

function headersOf(record: SentRecord | undefined): Record<string, string> {
  const bytes = record?.headers ?? Buffer.from([0]);
  return Object.fromEntries(readHeaders(bytes, 0, bytes.length).map(({ key, value }) => [key, String(value)]));
}

const sumOf = (harness: TaskHarness): number | undefined =>
  (harness.task.stores.get('sums') as unknown as KeyValueStore<string, number>).get('k');

describe('a record that fails', () => {
  for (const isAsync of [false, true]) {
    const how = isAsync ? 'in a promise' : 'at once';

    it(`leaves neither output nor store writes nor changelog records behind (${how})`, async () => {
      const harness = failingLate({ onProcessingError: 'dead-letter' }, isAsync);
      harness.add('a', { at: 1, value: 1 }, { at: 2, value: 'bad' }, { at: 3, value: 1 });
      await harness.task.process(10, 0);

      expect(harness.values('out')).toEqual([1, 2]);
      expect(harness.values('app-sums-changelog')).toEqual([1, 2]);
      expect(sumOf(harness)).toBe(2);
      expect(harness.values('a-dlt')).toEqual(['bad']);
    });
  }

  it('does not take back what records before it have done in the same transaction', async () => {
    const harness = failingLate({ onProcessingError: 'dead-letter' });
    harness.add('a', { at: 1, value: 1 });
    await harness.task.process(10, 0);
    harness.task.committed();
    harness.add('a', { at: 2, value: 1 }, { at: 3, value: 'bad' });
    await harness.task.process(10, 0);

    expect(sumOf(harness)).toBe(2);
  });

  it('does not move the stream time of operators, so that it closes no window', async () => {
    const builder = new TopologyBuilder('windows');
    builder
      .stream('as', a)
      .groupByKey()
      .windowedBy(tumbling({ size: 10, grace: 0 }))
      .aggregate<number>('sum', {
        store: 'window-sums',
        value: json<number>(),
        initialize: () => 0,
        add: (sum, value) => {
          if (typeof value !== 'number') throw new RecordError('MR_RECORD_REJECTED', 'no number');
          return sum + value;
        },
      })
      .toStream('changes')
      .mapValues('checked', (value) => {
        if (value === 1_000) throw new RecordError('MR_RECORD_REJECTED', 'too much');
        return value;
      })
      .rekey('plain', () => 'k', utf8)
      .to('sink', numbers);
    const harness = new TaskHarness(builder);
    harness.caughtUp('a');
    harness.add('a', { at: 1, value: 1 }, { at: 500, value: 1_000 }, { at: 2, value: 1 });
    await harness.task.process(10, 0);

    expect(harness.values('out')).toEqual([1, 2]);
    expect(harness.task.counters).toMatchObject({ deadLettered: 1, droppedLate: 0 });
  });

  it('leaves nothing in what a cached aggregate emits with the commit', async () => {
    const builder = new TopologyBuilder('cached');
    const stream = builder.stream('as', a);
    stream.groupByKey().count('count', { store: 'counts', cache: true }).toStream('changes').to('sink', numbers);
    stream.foreach('checks', (value) => {
      if (value === 'bad') throw new RecordError('MR_RECORD_REJECTED', 'bad');
    });
    const harness = new TaskHarness(builder);
    harness.caughtUp('a');
    harness.add('a', { at: 1, value: 1 }, { at: 2, value: 'bad' });
    await harness.task.process(10, 0);
    await harness.task.prepareCommit();
    expect(harness.values('out')).toEqual([1]);

    harness.add('a', { at: 3, value: 'bad' });
    await harness.task.process(10, 0);
    await harness.task.prepareCommit();
    expect(harness.values('out')).toEqual([1]);
  });
});

describe('an update that was held back and fails when it is let go', () => {
  it('makes a dead letter of the record that let it go, and is let go again by the next one', async () => {
    let isAway = true;
    const builder = new TopologyBuilder('suppressing');
    builder
      .stream('as', a)
      .groupByKey()
      .windowedBy(tumbling({ size: 10, grace: 0 }))
      .count('count', { store: 'window-counts' })
      .suppress('last', { until: 'window-closes', store: 'held' })
      .toStream('changes')
      .peek('calls', () => {
        if (isAway) throw new RecordError('MR_RECORD_REJECTED', 'no');
      })
      .rekey('plain', () => 'k', utf8)
      .to('sink', numbers);
    const harness = new TaskHarness(builder);
    harness.caughtUp('a');
    harness.add('a', { at: 1, value: 1 }, { at: 2, value: 1 }, { at: 100, value: 'lets go' });
    await harness.task.process(10, 0);
    expect(harness.values('a-dlt')).toEqual(['lets go']);
    expect(harness.values('out')).toEqual([]);

    isAway = false;
    harness.add('a', { at: 101, value: 1 });
    await harness.task.process(10, 0);
    expect(harness.values('out')).toEqual([2]);
  });
});

describe('a record whose error alone makes it a dead letter, under a policy that ends the task', () => {
  it('restarts the task once, and from then on such records are taken back without that', async () => {
    const recordUndo = { isOn: false };
    const make = (): TaskHarness => {
      const builder = new TopologyBuilder('strict');
      const stream = builder.stream('as', a);
      stream.to('copies', copies);
      stream.foreach('checks', () => {
        throw new RecordError('MR_RECORD_REJECTED', 'bad');
      });
      const harness = new TaskHarness(builder, { recordUndo });
      harness.caughtUp('a');
      harness.add('a', { at: 1, value: 1 });
      return harness;
    };

    const first = make();
    expect(() => first.task.process(10, 0)).toThrow(expect.objectContaining({ disposition: 'restart-task' }));

    const second = make();
    await second.task.process(10, 0);
    expect(second.sent.map((each) => each.topic)).toEqual(['a-dlt']);
  });
});

describe('a dead letter', () => {
  it('names the node that failed and how often the record was processed', async () => {
    const harness = failingLate({ onProcessingError: 'dead-letter' });
    harness.add('a', { at: 7, value: 'bad' });
    await harness.task.process(10, 0);

    expect(headersOf(harness.sent.find(({ topic: name }) => name === 'a-dlt'))).toMatchObject({
      'dlt.node': 'adds',
      'dlt.attempts': '1',
      'dlt.topic': 'a',
      'dlt.offset': '0',
      'dlt.timestamp': '7',
    });
  });

  it('names the sink whose serde refused the record, and the policy decides about that', async () => {
    const refusing = topic('refusing', utf8, {
      name: 'refusing',
      serialize: () => {
        throw new TypeError('cannot');
      },
      deserialize: () => null,
    });
    const run = async (policy: Partial<ErrorPolicy>): Promise<TaskHarness> => {
      const builder = new TopologyBuilder('refused');
      const stream = builder.stream('as', a);
      stream.to('copies', copies);
      stream.mapValues('as-is', (value) => value).to('refusing-sink', refusing);
      const harness = new TaskHarness(builder, { policy });
      harness.caughtUp('a');
      harness.add('a', { at: 1, value: 1 });
      await harness.task.process(10, 0);
      return harness;
    };

    const { sent } = await run({});
    expect(sent.map((each) => each.topic)).toEqual(['a-dlt']);
    expect(headersOf(sent[0])).toMatchObject({ 'dlt.node': 'refusing-sink' });
    await expect(run({ onProductionError: 'stop-app' })).rejects.toMatchObject({
      disposition: 'stop-app',
      message: "task 0_0 failed at a-0@0: TypeError (in 'refusing-sink')",
    });
  });
});

describe('a retry in place', () => {
  const policy = { retry: { attempts: 2, initial: '1s', factor: 3, max: '1h', jitter: 0 } } as const;

  it('tries the same record again after growing pauses, holds the records behind it, and then gives it up', async () => {
    const harness = failingLate(policy);
    harness.add('a', { at: 1, value: 'transient' }, { at: 2, value: 1 });

    expect(await harness.task.process(10, 0)).toBe(0);
    expect(harness.task.nextRetryMs()).toBe(1_000);
    expect(await harness.task.process(10, 999)).toBe(0);
    expect(harness.task.headTimestampMs(999)).toBeUndefined();
    expect(harness.task.consumedOffsets()).toEqual([]);

    harness.nowMs = 1_000;
    expect(await harness.task.process(10, 1_000)).toBe(0);
    expect(harness.task.nextRetryMs()).toBe(4_000);

    harness.nowMs = 4_000;
    expect(await harness.task.process(10, 4_000)).toBe(2);
    expect(harness.values('out')).toEqual([1]);
    const letter = harness.sent.find(({ topic: name }) => name === 'a-dlt');
    expect(headersOf(letter)).toMatchObject({ 'dlt.attempts': '3', 'dlt.error.code': 'MR_DEPENDENCY_UNAVAILABLE' });
    expect(harness.task.counters).toMatchObject({ retriedInPlace: 2, deadLettered: 1, processed: 2 });
  });

  it('tries again only what the policy names', async () => {
    const once = failingLate({ ...policy, onProcessingError: 'dead-letter' });
    once.add('a', { at: 1, value: 'bad' });
    expect(await once.task.process(10, 0)).toBe(1);

    const twice = failingLate({
      onProcessingError: 'stop-app',
      retry: { attempts: 1, initial: '1s', jitter: 0, dispositions: ['stop-app'] },
    });
    twice.add('a', { at: 1, value: 'bad' });
    expect(await twice.task.process(10, 0)).toBe(0);
    twice.nowMs = 1_000;
    expect(() => twice.task.process(10, 1_000)).toThrow(expect.objectContaining({ disposition: 'stop-app' }));
  });

  it('restarts the task where the policy asks for no retries', async () => {
    const harness = failingLate({});
    harness.add('a', { at: 1, value: 'transient' });

    expect(() => harness.task.process(10, 0)).toThrow(expect.objectContaining({ disposition: 'restart-task' }));
  });

  it('waits as long as the error asks for, where that is longer', async () => {
    const builder = new TopologyBuilder('patient');
    builder.stream('as', a).foreach('asks', () => {
      throw new TransientError('MR_CIRCUIT_OPEN', 'open', { retryAfterMs: 60_000 });
    });
    const harness = new TaskHarness(builder, { policy });
    harness.caughtUp('a');
    harness.add('a', { at: 1, value: 1 });
    await harness.task.process(10, 0);

    expect(harness.task.nextRetryMs()).toBe(60_000);
  });

  it('is refused at boot with everything that is wrong about it', () => {
    expect(() => failingLate({ retry: { attempts: 0, factor: 0.5, jitter: 2 }, retryTopic: { delays: [] } })).toThrow(
      expect.objectContaining({
        code: 'MR_CONFIG_INVALID',
        problems: [
          expect.stringContaining('retryTopic.delays'),
          expect.stringContaining('retry.attempts'),
          expect.stringContaining('retry.factor'),
          expect.stringContaining('retry.jitter'),
        ],
      }),
    );
  });
});
