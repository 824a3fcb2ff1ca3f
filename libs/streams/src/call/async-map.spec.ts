import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock, RecordError, SeededRandom } from '@millrace/kernel';
import { createPolicy } from '@millrace/resilience';
import { HeldCalls } from '../../test/held-calls.js';
import {
  TopologyBuilder,
  json,
  keyValueStore,
  topic,
  tumbling,
  utf8,
  windowedKey,
  type AsyncCall,
  type AsyncMapOptions,
  type KStream,
} from '../index.js';
import { TopologyTestDriver, type TopologyTestDriverOptions } from '../testing/topology-test-driver.js';

const input = topic('input', utf8, utf8);
const out = topic('out', utf8, utf8);
const counts = topic('counts', utf8, json<number>());
const letters = topic('input-dlt', utf8, utf8);

interface Options extends AsyncMapOptions<string> {
  readonly call?: AsyncCall<string, string, string>;
}

let outside = new HeldCalls();

afterEach(() => {
  outside = new HeldCalls();
});

function mapped(builder: TopologyBuilder, { call = outside.call, ...options }: Options = {}): KStream<string, string> {
  return builder.stream('in', input).asyncMap('ask', call, { value: utf8, ...options });
}

function running(options: Options = {}, driverOptions: TopologyTestDriverOptions = {}): TopologyTestDriver {
  const builder = new TopologyBuilder('asking');
  mapped(builder, options).to('sink', out);
  return new TopologyTestDriver(builder.build(), driverOptions);
}

/** Pipes values such as `a1`, each under its first letter as key, at times 1, 2, 3 … */
async function pipe(driver: TopologyTestDriver, ...values: readonly string[]): Promise<void> {
  for (const [nth, value] of values.entries()) {
    await driver.input(input).pipe(value.slice(0, 1), value, { timestampMs: nth + 1 });
  }
}

async function answer(driver: TopologyTestDriver, ...values: readonly string[]): Promise<void> {
  for (const value of values) {
    outside.answer(value);
    await driver.advanceWallClock(0);
  }
}

const read = (driver: TopologyTestDriver): (string | null)[] => driver.output(out).readValues();

describe('asyncMap', () => {
  it('forwards what a call answers under the key, at the time and with the headers of its record', async () => {
    const driver = running();
    const headers = [{ key: 'trace', value: Buffer.from('7') }];
    await driver.input(input).pipe('a', 'a1', { timestampMs: 40, headers });
    await driver.input(input).pipe('b', 'b1', { timestampMs: 50 });

    expect(outside.of('a1').headers).toEqual(headers);
    await answer(driver, 'b1', 'a1');

    expect(driver.output(out).readRecords()).toEqual([
      { key: 'a', value: 'A1', timestampMs: 40, headers },
      { key: 'b', value: 'B1', timestampMs: 50, headers: [] },
    ]);
  });

  it('takes a call alone, with the defaults', async () => {
    const builder = new TopologyBuilder('short');
    builder
      .stream('in', input)
      .asyncMap('ask', async (value, key) => `${key}:${value.length}`)
      .to('sink', topic('out', utf8, json<string>()));
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(input).pipe('k', 'four');

    expect(driver.output(topic('out', utf8, json<string>())).readValues()).toEqual(['k:4']);
  });

  it('runs many calls at once, and forwards their results in the order of the records', async () => {
    const driver = running();
    await pipe(driver, 'a1', 'b1', 'c1');

    expect(outside.values).toEqual(['a1', 'b1', 'c1']);
    await answer(driver, 'c1', 'b1', 'a1');

    expect(read(driver)).toEqual(['A1', 'B1', 'C1']);
  });

  it('lets keys overtake each other where the order is per key, while calls of a key follow each other', async () => {
    const driver = running({ order: 'per-key' });
    await pipe(driver, 'a1', 'a2', 'b1');

    expect(outside.values).toEqual(['a1', 'b1']);
    await answer(driver, 'b1', 'a1', 'a2');

    expect(read(driver)).toEqual(['B1', 'A1', 'A2']);
  });

  it('forwards results as they come where there is no order', async () => {
    const driver = running({ order: 'unordered' });
    await pipe(driver, 'a1', 'a2', 'b1');

    expect(outside.values).toEqual(['a1', 'a2', 'b1']);
    await answer(driver, 'b1', 'a2', 'a1');

    expect(read(driver)).toEqual(['B1', 'A2', 'A1']);
  });

  it('takes no more records than it may have in flight', async () => {
    const driver = running({ maxInFlight: 2 });
    await pipe(driver, 'a1', 'b1', 'c1', 'd1');

    expect(outside.values).toEqual(['a1', 'b1']);
    expect(driver.counters().processed).toBe(2);
    await answer(driver, 'b1');
    expect(driver.counters().processed).toBe(2);
    await answer(driver, 'a1');

    expect(outside.values).toEqual(['c1', 'd1']);
    expect(outside.mostAtOnce).toBe(2);
  });

  it('takes the next record as soon as there is room for it', async () => {
    const driver = running({ maxInFlight: 1 });
    await pipe(driver, 'a1', 'b1');
    outside.answer('a1');
    await pipe(driver, 'c1');

    expect(outside.values).toEqual(['b1']);
  });

  it('takes no more records while too many wait behind one key, as a commit would wait for all of them', async () => {
    const driver = running();
    await pipe(driver, 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'b1');

    expect(driver.counters().processed).toBe(5);
    await answer(driver, 'a1', 'a2');

    expect(outside.values).toEqual(['a3', 'b1']);
  });

  it('makes several calls of one record wait for their turn', async () => {
    const builder = new TopologyBuilder('fan-out');
    builder
      .stream('in', input)
      .flatMapValues('letters', (value) => value.split(''), utf8)
      .asyncMap('ask', outside.call, { value: utf8, maxInFlight: 2, order: 'unordered' })
      .to('sink', out);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(input).pipe('k', 'xyz');

    expect(outside.values).toEqual(['x', 'y']);
    await answer(driver, 'x', 'y', 'z');

    expect(read(driver)).toEqual(['X', 'Y', 'Z']);
  });

  it('may follow another one', async () => {
    const builder = new TopologyBuilder('twice');
    const second = new HeldCalls();
    mapped(builder).asyncMap('ask-again', second.call, { value: utf8 }).to('sink', out);
    const driver = new TopologyTestDriver(builder.build());
    await pipe(driver, 'a1', 'b1');
    await answer(driver, 'b1', 'a1');

    expect(second.values).toEqual(['A1', 'B1']);
    second.of('B1').answer('2');
    second.of('A1').answer('1');
    await driver.advanceWallClock(0);

    expect(read(driver)).toEqual(['1', '2']);
  });

  it('leaves to others what the record says now, where its call has changed the value in place', async () => {
    const objects = topic('objects', utf8, json<{ n: number }>());
    const builder = new TopologyBuilder('fork');
    const stream = builder.stream('in', objects);
    stream.asyncMap('ask', async (value) => value.n++);
    stream.to('sink', topic('out', utf8, objects.value));
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(objects).pipe('k', { n: 1 });

    expect(driver.output(topic('out', utf8, objects.value)).readValues()).toEqual([{ n: 2 }]);
  });

  it('is waited for where only the outside can answer', async () => {
    const driver = running({
      call: (value) => new Promise((resolve) => setTimeout(resolve, 5, value)),
    });
    await pipe(driver, 'a1');
    expect(read(driver)).toEqual([]);

    await driver.callsEnded();

    expect(read(driver)).toEqual(['a1']);
  });

  it('says in the description what it may do, and refuses what it cannot', () => {
    const builder = new TopologyBuilder('asking');
    mapped(builder, { order: 'per-key', maxInFlight: 8, timeout: '2s' });
    expect(builder.build().describe()).toContain('Processor: ask [per-key, up to 8 calls, 2000 ms each]');

    const wrong = new TopologyBuilder('wrong');
    mapped(wrong, { maxInFlight: 0, timeout: 0, retry: { attempts: 1.5, backoffBase: -1 } });
    expect(() => wrong.build()).toThrow(/maxInFlight[^]*attempts[^]*timeout/);
    expect(() => wrong.build()).toThrow(/backoffBase: '-1' is not a duration/);
  });
});

describe('a call that fails', () => {
  it('ends at its time limit, and its record goes where the policy says, as it came', async () => {
    const driver = running({ timeout: '2s' }, { policy: { onProcessingError: 'dead-letter' } });
    const headers = [{ key: 'trace', value: Buffer.from('7') }];
    await driver.input(input).pipe('a', 'a1', { timestampMs: 40, headers });
    await driver.input(input).pipe('b', 'b1', { timestampMs: 50 });
    const { signal } = outside.of('a1');
    outside.answer('b1');
    await driver.advanceWallClock(1_999);
    expect(signal.aborted).toBe(false);

    await driver.advanceWallClock(1);

    expect(signal.reason).toMatchObject({ code: 'MR_DEPENDENCY_TIMEOUT' });
    expect(read(driver)).toEqual(['B1']);
    const [letter] = driver.output(letters).readRecords();
    expect(letter).toMatchObject({ key: 'a', value: 'a1', timestampMs: 40 });
    const found = Object.fromEntries(letter!.headers.map((each) => [each.key, String(each.value)]));
    expect(found).toMatchObject({
      trace: '7',
      'dlt.error.code': 'MR_DEPENDENCY_TIMEOUT',
      'dlt.topic': 'input',
      'dlt.offset': '0',
      'dlt.node': 'ask',
    });
    expect(driver.counters()).toMatchObject({ processed: 2, deadLettered: 1 });
  });

  it('makes its task start again where it may pass and the policy wants no dead letter', async () => {
    const driver = running({ timeout: '2s' });
    await pipe(driver, 'a1');

    await expect(driver.advanceWallClock(2_000)).rejects.toMatchObject({
      code: 'MR_TASK_FAILED',
      disposition: 'restart-task',
      place: { topic: 'input', partition: 0, offset: 0 },
    });
  });

  it.each(['restart-task', 'stop-app'] as const)('ends with %s where the policy says so', async (onProcessingError) => {
    const driver = running({}, { policy: { onProcessingError } });
    await pipe(driver, 'a1');
    outside.of('a1').fail(new Error('503'));

    await expect(driver.advanceWallClock(0)).rejects.toMatchObject({ disposition: onProcessingError });
  });

  it('may throw instead of rejecting', async () => {
    const call = (): never => {
      throw new Error('no');
    };
    const driver = running({ call }, { policy: { onProcessingError: 'dead-letter' } });
    await pipe(driver, 'a1');

    expect(driver.output(letters).readValues()).toEqual(['a1']);
  });

  it('is tried again after a pause that the wall clock ends, without a place in the order being lost', async () => {
    const driver = running({ retry: { attempts: 3, backoffBase: '1s', backoffMax: '10s' } });
    await pipe(driver, 'a1', 'b1');
    outside.answer('b1');
    outside.of('a1').fail(new Error('503'));
    await driver.advanceWallClock(0);
    expect(outside.values).toEqual([]);
    await driver.advanceWallClock(1_000);
    outside.of('a1').fail(new Error('503'));
    await driver.advanceWallClock(2_000);

    await answer(driver, 'a1');

    expect(outside.made).toEqual(['a1', 'b1', 'a1', 'a1']);
    expect(read(driver)).toEqual(['A1', 'B1']);
  });

  it('is not tried again where its error will not pass', async () => {
    const policy = { onProcessingError: 'dead-letter' } as const;
    const isRetriable = (error: unknown): boolean => error instanceof RangeError;
    const driver = running({ retry: { attempts: 3, isRetriable } }, { policy });
    await pipe(driver, 'a1', 'b1');
    outside.of('a1').fail(new RecordError('MR_RECORD_REJECTED', 'never'));
    outside.of('b1').fail(new TypeError('never'));
    await driver.advanceWallClock(10_000);

    expect(outside.made).toEqual(['a1', 'b1']);
    expect(driver.output(letters).readValues()).toEqual(['a1', 'b1']);
  });

  it('holds back the next record of its key until it is dealt with', async () => {
    const driver = running({ order: 'per-key' }, { policy: { onProcessingError: 'restart-task' } });
    await pipe(driver, 'a1', 'a2');
    outside.of('a1').fail(new Error('no'));
    await expect(driver.advanceWallClock(0)).rejects.toThrow();

    expect(outside.made).toEqual(['a1']);
  });

  it('counts for a breaker, which sees the time of the driver and keeps calls away while it is open', async () => {
    const clock = new ManualClock();
    const breaker = createPolicy(
      'service',
      { breaker: { consecutiveFailures: 2, halfOpenAfter: '10s' } },
      { clock, random: new SeededRandom(1) },
    );
    const driver = running({ breaker, timeout: '1s', retry: { attempts: 4, backoffBase: 1 } }, { clock });
    await pipe(driver, 'a1');
    await driver.advanceWallClock(2_100);
    expect([breaker.breakerState, outside.made.length]).toEqual(['open', 2]);

    await driver.advanceWallClock(9_000);
    expect(outside.values).toEqual([]);
    await driver.advanceWallClock(1_100);
    await answer(driver, 'a1');

    expect(breaker.breakerState).toBe('closed');
    expect(read(driver)).toEqual(['A1']);
  });
});

describe('a task with calls under way', () => {
  function counting(
    driverOptions: TopologyTestDriverOptions = {},
    call: NonNullable<Options['call']> = outside.call,
  ): TopologyTestDriver {
    const builder = new TopologyBuilder('counting');
    mapped(builder, { call, order: 'unordered' })
      .groupByKey()
      .count('count', { store: 'counts' })
      .toStream('counted')
      .to('sink', counts);
    return new TopologyTestDriver(builder.build(), driverOptions);
  }

  it('is not committed, so that a restart repeats their records and what came out is there once', async () => {
    const driver = counting();
    await pipe(driver, 'a1', 'a2', 'a3');
    await answer(driver, 'a3', 'a1');
    expect(driver.output(counts).readValues()).toEqual([]);
    const { signal } = outside.of('a2');

    driver.restart();
    expect(signal.reason).toMatchObject({ code: 'MR_TASK_FENCED' });
    await driver.advanceWallClock(0);
    expect(outside.values).toEqual(['a1', 'a2', 'a3']);
    await answer(driver, 'a1', 'a2', 'a3');

    expect(driver.output(counts).readValues()).toEqual([1, 2, 3]);
    driver.restart();
    await pipe(driver, 'a4');
    await answer(driver, 'a4');
    expect(driver.output(counts).readValues()).toEqual([4]);
  });

  it('does not hold up the tasks of other partitions, also where records are taken in order of time', async () => {
    const driver = running({}, { partitions: 2, order: 'merged' });
    const keys = ['a', 'b', 'c', 'd'];
    for (const [nth, key] of keys.entries()) await driver.input(input).pipe(key, `${key}1`, { timestampMs: 10 - nth });
    const [first, ...others] = outside.waiting.map(({ value }) => value);
    await answer(driver, ...others);
    const partitionOfOthers = read(driver);
    await answer(driver, first as string);

    expect(partitionOfOthers.length).toBeGreaterThan(0);
    expect([...partitionOfOthers, ...read(driver)].toSorted()).toEqual(['A1', 'B1', 'C1', 'D1']);
  });

  it('ignores what comes after it has ended', async () => {
    const driver = running({ call: outside.call });
    await pipe(driver, 'a1');
    const late = outside.of('a1');
    driver.restart();
    late.answer('too late');
    await driver.advanceWallClock(0);
    expect(read(driver)).toEqual([]);

    await answer(driver, 'a1');

    expect(read(driver)).toEqual(['A1']);
  });

  it('may be rehearsed for every record', async () => {
    const driver = counting({ replayEveryRecord: true }, async (value) => value);
    await pipe(driver, 'a1', 'a2', 'a3');

    expect(driver.output(counts).readValues()).toEqual([1, 2, 3]);
  });

  it('makes the calls of what was held back for the commit, before the commit', async () => {
    const builder = new TopologyBuilder('cached');
    builder
      .stream('in', input)
      .groupByKey()
      .count('count', { store: 'counts', cache: true })
      .toStream('counted')
      .mapValues('text', (count) => `n${count}`, utf8)
      .asyncMap('ask', outside.call, { value: utf8 })
      .to('sink', out);
    const driver = new TopologyTestDriver(builder.build());
    await pipe(driver, 'a1');
    expect(outside.values).toEqual(['n1']);
    expect(read(driver)).toEqual([]);

    await answer(driver, 'n1');

    expect(read(driver)).toEqual(['N1']);
  });

  it('does not advance its stream time when it is idle: their results are still to come', async () => {
    const perHour = topic('per-hour', windowedKey(utf8, 3_600_000), json<number>());
    const builder = new TopologyBuilder('windows');
    mapped(builder)
      .groupByKey()
      .windowedBy(tumbling({ size: '1h', grace: 0 }))
      .count('per-hour', { store: 'per-hour', emit: 'close' })
      .toStream('closed')
      .to('sink', perHour);
    builder.idleAdvance('close', { after: '1s' });
    const driver = new TopologyTestDriver(builder.build());
    await pipe(driver, 'a1', 'a2');
    await answer(driver, 'a1');
    await driver.becomeIdle();
    expect(driver.output(perHour).readValues()).toEqual([]);
    await answer(driver, 'a2');

    await driver.becomeIdle();

    expect(driver.output(perHour).readValues()).toEqual([2]);
  });

  it('runs what is due by stream time only when the records of before are through', async () => {
    const builder = new TopologyBuilder('ticking');
    mapped(builder)
      .process('tick', {
        create: () => ({
          init: (context) => {
            context.schedule(10, 'stream-time', (timeMs) => context.forward('tick', `tick ${timeMs}`));
          },
          process: ({ key, value }, context) => context.forward(key, value),
        }),
      })
      .to('sink', out);
    const driver = new TopologyTestDriver(builder.build());
    for (const [value, timestampMs] of Object.entries({ a1: 5, b1: 25 })) {
      await driver.input(input).pipe('k', value, { timestampMs });
    }
    await answer(driver, 'a1', 'b1');

    expect(read(driver)).toEqual(['A1', 'tick 5', 'B1', 'tick 25']);
  });

  it('hands a record whose result fails further down to the policy, as the record that it is', async () => {
    const builder = new TopologyBuilder('failing-below');
    mapped(builder)
      .mapValues(
        'refuse',
        () => {
          throw new Error('no');
        },
        utf8,
      )
      .to('sink', out);
    const driver = new TopologyTestDriver(builder.build(), { policy: { onProcessingError: 'dead-letter' } });
    await pipe(driver, 'a1', 'b1');
    await answer(driver, 'b1', 'a1');

    expect(driver.output(letters).readValues()).toEqual(['a1', 'b1']);
  });

  it('takes back what a result has led to before it failed, and keeps what its neighbours have done', async () => {
    const builder = new TopologyBuilder('failing-late');
    const seen = keyValueStore('seen', { key: utf8, value: utf8 });
    mapped(builder)
      .process('remember', {
        stores: [seen],
        create: () => ({
          process: ({ value }, context) => {
            context.store(seen).put(value, value);
            const forwarded = context.forward(value, value);
            if (value === 'B1') throw new Error('no');
            return forwarded;
          },
        }),
      })
      .to('sink', out);
    const driver = new TopologyTestDriver(builder.build(), { policy: { onProcessingError: 'dead-letter' } });
    await pipe(driver, 'a1', 'b1');
    await answer(driver, 'b1', 'a1');

    expect(read(driver)).toEqual(['A1']);
    expect([...driver.store('seen').entries()].map(([key]) => key)).toEqual(['A1']);
    expect(driver.deadLetters(input)).toMatchObject([{ value: Buffer.from('b1'), node: 'remember' }]);
  });
});
