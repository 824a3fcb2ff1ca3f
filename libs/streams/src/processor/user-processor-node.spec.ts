import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, keyValueStore, topic, utf8, type Processor, type ProcessorContext } from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const input = topic('input', utf8, json<string>());
const other = topic('other', utf8, json<string>());
const out = topic('out', utf8, json<string>());
const counts = keyValueStore('counts', { key: utf8, value: json<number>() });
const others = keyValueStore('others', { key: utf8, value: json<number>() });

type TextProcessor = Processor<string, string, string, string>;
type TextContext = ProcessorContext<string, string>;

function running(create: () => TextProcessor, resolve = false): TopologyTestDriver {
  class Token {}
  const supplier = { stores: [counts], create };
  const builder = new TopologyBuilder('processing', {
    resolveProcessor: (token) => (token === Token ? supplier : undefined),
  });
  builder
    .stream('in', input)
    .process('handler', resolve ? Token : supplier)
    .to('sink', out);
  return new TopologyTestDriver(builder.build());
}

const read = (driver: TopologyTestDriver): string[] =>
  driver
    .output(out)
    .readRecords()
    .map((each) => `${each.key}=${each.value}@${each.timestampMs}`);

describe('a processor', () => {
  it('keeps state in its store, which survives a restart', async () => {
    const create = (): TextProcessor => ({
      process: ({ key }, context) => {
        const store = context.store(counts);
        store.put(key, (store.get(key) ?? 0) + 1);
        return context.forward(key, String(store.get(key)));
      },
    });
    const driver = running(create);
    for (let at = 1; at <= 2; at++) await driver.input(input).pipe('k', 'x', { timestampMs: at });
    driver.restart();
    await driver.input(input).pipe('k', 'x', { timestampMs: 3 });

    expect(read(driver)).toEqual(['k=1@1', 'k=2@2', 'k=3@3']);
  });

  it('may be a token that the framework resolves', async () => {
    const driver = running(() => ({ process: ({ key, value }, context) => context.forward(key, value) }), true);
    await driver.input(input).pipe('k', 'x', { timestampMs: 1 });

    expect(read(driver)).toEqual(['k=x@1']);
  });

  it('makes its task wait for its promise, in order', async () => {
    const release: (() => void)[] = [];
    const driver = running(() => ({
      process: async ({ key, value }, context) => {
        if (value === 'slow') await new Promise<void>((resolve) => release.push(resolve));
        await context.forward(key, value);
      },
    }));
    const slow = driver.input(input).pipe('a', 'slow', { timestampMs: 1 });
    const quick = driver.input(input).pipe('b', 'quick', { timestampMs: 2 });
    while (release.length === 0) await Promise.resolve();
    expect(read(driver)).toEqual([]);
    for (const letGo of release) letGo();
    await Promise.all([slow, quick]);

    expect(read(driver)).toEqual(['a=slow@1', 'b=quick@2']);
  });

  it('cannot reach a store that it does not list', async () => {
    const driver = running(() => ({ process: (_record, context) => void context.store(others) }));

    await expect(driver.input(input).pipe('k', 'x')).rejects.toMatchObject({
      cause: new Error("the processor 'handler' opens the store 'others' without listing it: add it to its stores"),
    });
  });

  it('stores and forwards with the time of its record, which a join above may have made younger', async () => {
    const builder = new TopologyBuilder('after-join');
    const create = (): TextProcessor => ({
      process: ({ key, value }, context) => {
        context.store(counts).put(key, 1);
        return context.forward(key, value);
      },
    });
    builder
      .stream('in', input)
      .join('pairs', builder.stream('others', other), {
        within: { before: 10, after: 10 },
        grace: 0,
        join: (left, right) => `${left}-${right}`,
      })
      .process('handler', { stores: [counts], create })
      .to('sink', out);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(other).pipe('k', 'r', { timestampMs: 9 });
    await driver.input(input).pipe('k', 'l', { timestampMs: 5 });

    expect(read(driver)).toEqual(['k=l-r@9']);
    expect([...driver.store<string, number>('counts').entries()]).toEqual([
      ['k', expect.objectContaining({ timestampMs: 9 })],
    ]);
  });
});

describe('a schedule', () => {
  const scheduling =
    (by: 'stream-time' | 'wall-clock', onInit: (stop: () => void) => void = () => undefined) =>
    () => ({
      init: (context: TextContext) => {
        onInit(context.schedule(10, by, (timeMs) => context.forward(by, String(timeMs))));
      },
      process: () => undefined,
    });

  it('by stream time runs once that has moved past its turn, aligned to 0, and makes up for no missed turn', async () => {
    const driver = running(scheduling('stream-time'));
    for (const timestampMs of [3, 5, 12, 47, 49, 50]) await driver.input(input).pipe('k', 'x', { timestampMs });

    expect(read(driver)).toEqual(['stream-time=3@3', 'stream-time=12@12', 'stream-time=47@47', 'stream-time=50@50']);
  });

  it('by the wall clock runs when that is moved on, the first time a period after it was seen', async () => {
    const driver = running(scheduling('wall-clock'));
    await driver.advanceWallClock(0);
    for (const ms of [9, 1, 35, 4, 1]) await driver.advanceWallClock(ms);

    expect(read(driver).map((each) => each.split('@')[0])).toEqual(['wall-clock=10', 'wall-clock=45', 'wall-clock=50']);
  });

  it('ends when it is told to', async () => {
    let stop: () => void = () => undefined;
    const driver = running(scheduling('stream-time', (end) => (stop = end)));
    await driver.input(input).pipe('k', 'x', { timestampMs: 1 });
    stop();
    await driver.input(input).pipe('k', 'x', { timestampMs: 100 });

    expect(read(driver)).toEqual(['stream-time=1@1']);
  });

  it('runs by the time of the whole task, also where its own processor sees no record', async () => {
    const builder = new TopologyBuilder('branches');
    const stream = builder.stream('in', input);
    stream
      .filter('none', () => false)
      .process('ticker', { create: scheduling('stream-time') })
      .to('sink', out);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(input).pipe('k', 'x', { timestampMs: 20 });

    expect(read(driver)).toEqual(['stream-time=20@20']);
  });

  it('forwards without the headers of the record that made it due', async () => {
    const driver = running(scheduling('stream-time'));
    await driver.input(input).pipe('k', 'x', { timestampMs: 20, headers: [{ key: 'trace', value: Buffer.from('1') }] });

    expect(driver.output(out).readRecords()).toMatchObject([{ key: 'stream-time', headers: [] }]);
  });

  it('fails its task when it fails, and makes no dead letter of a record that was processed', async () => {
    const driver = running(() => ({
      init: (context: TextContext) => {
        context.schedule(10, 'stream-time', () => Promise.reject(new Error('no')));
      },
      process: () => undefined,
    }));

    await expect(driver.input(input).pipe('k', 'x', { timestampMs: 1 })).rejects.toMatchObject({
      code: 'MR_TASK_FAILED',
      disposition: 'stop-app',
      message: 'task 0_0 failed in a punctuator: Error',
    });
  });
});
