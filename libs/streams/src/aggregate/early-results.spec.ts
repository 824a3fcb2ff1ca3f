import { describe, expect, it } from '@jest/globals';
import {
  TopologyBuilder,
  hopping,
  json,
  session,
  sliding,
  topic,
  tumbling,
  utf8,
  type EarlyResults,
  type GroupedStream,
  type KTable,
  type Windowed,
} from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const input = topic('input', utf8, json<number>());
const result = json<string>();
const results = topic('results', utf8, result);

type Counted = (grouped: GroupedStream<string, number>, emit: EarlyResults) => KTable<Windowed<string>, number>;

const value = json<number>();
const tumbled: Counted = (grouped, emit) =>
  grouped.windowedBy(tumbling({ size: 100, grace: 10 })).count('count', { store: 'counts', value, emit });
const kinds: Record<string, Counted> = {
  tumbling: tumbled,
  hopping: (grouped, emit) =>
    grouped.windowedBy(hopping({ size: 100, advance: 50, grace: 10 })).count('count', { store: 'counts', value, emit }),
  sliding: (grouped, emit) =>
    grouped.windowedBy(sliding({ difference: 100, grace: 10 })).count('count', { store: 'counts', value, emit }),
  session: (grouped, emit) =>
    grouped.windowedBy(session({ gap: 30, grace: 10 })).count('count', { store: 'counts', value, emit }),
  cogroup: (grouped, emit) =>
    grouped
      .cogroup((count: number) => count + 1)
      .windowedBy(tumbling({ size: 100, grace: 10 }))
      .aggregate('count', { store: 'counts', value, emit, initialize: () => 0 }),
};

interface UnderTest {
  readonly driver: TopologyTestDriver;
  /** Sends a record, and tells what it led to: `key@start=count`. */
  at(timestampMs: number, key?: string): Promise<string[]>;
  read(): string[];
}

function counting(counted: Counted, emit: EarlyResults, options: { replayEveryRecord?: boolean } = {}): UnderTest {
  const builder = new TopologyBuilder('early');
  builder.idleAdvance('idle', { after: '1s' });
  counted(builder.stream('in', input).groupByKey(), emit)
    .toStream('changes')
    .map('flat', (count, { key, startMs }) => [key, `${key}@${startMs}=${count}`], { key: utf8, value: result })
    .to('out', results);
  const driver = new TopologyTestDriver(builder.build(), options);
  const read = (): string[] => driver.output(results).readValues() as string[];
  return {
    driver,
    read,
    at: async (timestampMs, key = 'a') => {
      await driver.input(input).pipe(key, 1, { timestampMs });
      return read();
    },
  };
}

describe('early results', () => {
  it('come once a period of stream time, for the windows that have changed, and once more when a window closes', async () => {
    const { at } = counting(tumbled, { everyStreamTime: 20 });
    expect(await at(5)).toEqual([]);
    expect(await at(7, 'b')).toEqual([]);
    expect(await at(19)).toEqual([]);
    expect(await at(21)).toEqual(['a@0=3', 'b@0=1']);
    expect(await at(45, 'b')).toEqual(['b@0=2']);
    expect(await at(50)).toEqual([]);
    expect(await at(99)).toEqual(['a@0=5']);
    expect(await at(99)).toEqual([]);
    expect(await at(119, 'b')).toEqual(['a@0=6', 'b@100=1']);
  });

  it('of a window that has not changed since the last one do not come again when it closes', async () => {
    const { at } = counting(tumbled, { everyStreamTime: 20 });
    for (const timestampMs of [5, 40]) await at(timestampMs);
    expect(await at(500, 'b')).toEqual(['b@500=1']);
  });

  it('come by the wall clock, also while nothing arrives', async () => {
    const { driver, at, read } = counting(tumbled, { everyWallClock: '5s' });
    await at(1);
    await at(2);
    await driver.advanceWallClock(4_000);
    expect(read()).toEqual([]);
    await driver.advanceWallClock(1_000);
    expect(read()).toEqual(['a@0=2']);
    await driver.advanceWallClock(20_000);
    expect(read()).toEqual([]);
    await at(3);
    await driver.advanceWallClock(5_000);
    expect(read()).toEqual(['a@0=3']);
  });

  it('come by whichever of two periods is over first', async () => {
    const { driver, at, read } = counting(tumbled, { everyStreamTime: 20, everyWallClock: '5s' });
    await at(1);
    await driver.advanceWallClock(5_000);
    expect(read()).toEqual(['a@0=1']);
    expect(await at(20)).toEqual(['a@0=2']);
  });

  it.each(Object.entries(kinds))(
    'of %s windows end with the result that emit on close gives',
    async (_kind, counted) => {
      const times = [3, 20, 41, 95, 60, 130, 133, 210, 400, 1_000];
      const { driver, at, read } = counting(counted, { everyStreamTime: 25 });
      const last = new Map<string, string>();
      const note = (texts: readonly string[]): void => {
        for (const text of texts) last.set(text.split('=')[0] as string, text);
      };
      for (const timestampMs of times) note(await at(timestampMs));
      await driver.becomeIdle();
      note(read());

      const onUpdate = counting((grouped) => counted(grouped, 'update' as unknown as EarlyResults), {});
      const expected = new Map<string, string>();
      for (const timestampMs of times) {
        for (const text of await onUpdate.at(timestampMs)) expected.set(text.split('=')[0] as string, text);
      }
      // A session that was merged before anybody saw it is not taken back either.
      const seen = [...expected.values()].filter(
        (text) => !text.endsWith('=null') || last.has(text.split('=')[0] as string),
      );
      expect([...last.values()].sort()).toEqual(seen.sort());
    },
  );

  it('take back a session that was seen and has been merged into another', async () => {
    const { at } = counting(kinds['session'] as Counted, { everyStreamTime: 25 });
    expect(await at(10)).toEqual([]);
    expect(await at(26, 'b')).toEqual(['a@10=1', 'b@26=1']);
    expect(await at(35)).toEqual([]);
    expect(await at(51, 'b')).toEqual(['a@10=null', 'b@26=null', 'a@10=2', 'b@26=2']);
  });

  it('are the same with a restart after every record, and when every record is processed twice', async () => {
    const times = [3, 20, 41, 95, 60, 130, 133, 210, 400];
    for (const counted of Object.values(kinds)) {
      const plain = counting(counted, { everyStreamTime: 25 });
      const restarted = counting(counted, { everyStreamTime: 25 });
      const twice = counting(counted, { everyStreamTime: 25 }, { replayEveryRecord: true });
      for (const timestampMs of times) {
        const expected = await plain.at(timestampMs);
        expect(await restarted.at(timestampMs)).toEqual(expected);
        expect(await twice.at(timestampMs)).toEqual(expected);
        restarted.driver.restart();
      }
    }
  });

  it('of what a failed record changed do not come', async () => {
    const builder = new TopologyBuilder('early');
    const grouped = builder.stream('in', input).groupByKey();
    const counted = tumbled(grouped, { everyStreamTime: 20 });
    counted
      .toStream('changes')
      .mapValues('text', (count) => String(count), result)
      .map('flat', (text, { key }) => [key, text], { key: utf8, value: result })
      .to('out', results);
    grouped.stream.foreach('refuse', (one) => {
      if (one === 13) throw new Error('refused');
    });
    const driver = new TopologyTestDriver(builder.build(), { policy: { onProcessingError: 'dead-letter' } });
    await driver.input(input).pipe('a', 1, { timestampMs: 1 });
    await driver.input(input).pipe('a', 13, { timestampMs: 30 });
    await driver.input(input).pipe('b', 1, { timestampMs: 31 });
    expect(driver.output(results).readValues()).toEqual(['1', '1']);
  });

  it('are described with their periods, and refused without one', () => {
    const build = (emit: EarlyResults): ReturnType<TopologyBuilder['build']> => {
      const builder = new TopologyBuilder('early');
      tumbled(builder.stream('in', input).groupByKey(), emit);
      return builder.build();
    };
    expect(build({ everyStreamTime: '1m', everyWallClock: '5s' }).describe()).toContain(
      'Processor: count-early (stores: counts-early) [early results every 60000 ms of stream time and every 5000 ms of wall-clock time]',
    );
    for (const emit of [{}, { everyStreamTime: 0 }]) {
      expect(() => build(emit)).toThrow(
        /the early results of 'count' have no period: give everyStreamTime or everyWallClock above 0/,
      );
    }
  });
});
