import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, topic, tumbling, utf8, type Windowed, windowedKey } from '../index.js';
import { TopologyTestDriver } from './topology-test-driver.js';

interface Flight {
  readonly carrier: string;
  readonly origin: string;
  readonly tail: string | null;
}

const HOUR_MS = 3_600_000;
const flights = topic('flights', utf8, json<Flight>());
const weather = topic('weather', utf8, json<{ readonly temp: number }>());
const aircraft = topic('aircraft', utf8, json<{ readonly model: string }>());
const carriers = topic('carriers', utf8, json<{ readonly name: string }>());
const enriched = topic(
  'enriched',
  utf8,
  json<Flight & { model: string | null; temp: number | null; name: string | null }>(),
);
const counted = topic('counted', windowedKey(utf8, HOUR_MS), json<number>());

function enrichment(): TopologyTestDriver {
  const builder = new TopologyBuilder('enrichment');
  const planes = builder.table('aircraft', aircraft, { store: 'aircraft-by-tail' });
  const names = builder.globalTable('carriers', carriers, { store: 'carriers-by-code' });
  const observations = builder.stream('weather', weather);
  builder
    .stream('flights', flights)
    .leftJoin('with-aircraft', planes, { join: (flight, plane) => ({ ...flight, model: plane?.model ?? null }) })
    .leftJoin('with-carrier', names, {
      by: (flight) => flight.carrier,
      join: (flight, carrier) => ({ ...flight, name: carrier?.name ?? null }),
    })
    .rekey('by-origin', (flight) => flight.origin, utf8)
    .leftJoin('with-weather', observations, {
      within: { before: HOUR_MS - 1, after: 0 },
      grace: '2h',
      join: (flight, observed) => ({ ...flight, temp: observed?.temp ?? null }),
    })
    .to('enriched', enriched);
  builder.idleAdvance('close-when-idle', { after: '1s' });
  return new TopologyTestDriver(builder.build());
}

const FLIGHT: Flight = { carrier: 'UA', origin: 'JFK', tail: 'N1' };

describe('TopologyTestDriver', () => {
  it('joins a stream with a table, a global table and a windowed stream, through a repartition topic', async () => {
    const driver = enrichment();
    await driver.input(aircraft).pipe('N1', { model: 'A320' }, { timestampMs: 0 });
    await driver.input(carriers).pipe('UA', { name: 'United' }, { timestampMs: 0 });
    await driver.input(weather).pipe('JFK', { temp: 39 }, { timestampMs: HOUR_MS });

    await driver.input(flights).pipe('N1', FLIGHT, { timestampMs: HOUR_MS + 60_000 });

    expect(driver.output(enriched).readRecords()).toEqual([
      {
        key: 'JFK',
        value: { ...FLIGHT, model: 'A320', name: 'United', temp: 39 },
        timestampMs: HOUR_MS + 60_000,
        headers: [],
      },
    ]);
  });

  it('gives the same answer when the weather comes after the flight', async () => {
    const driver = enrichment();
    await driver.input(flights).pipe('N1', FLIGHT, { timestampMs: HOUR_MS + 60_000 });
    expect(driver.output(enriched).readValues()).toEqual([]);

    await driver.input(weather).pipe('JFK', { temp: 39 }, { timestampMs: HOUR_MS });

    expect(driver.output(enriched).readValues()).toEqual([{ ...FLIGHT, model: null, name: null, temp: 39 }]);
  });

  it('emits an unmatched left record once its window has closed, and not before', async () => {
    const driver = enrichment();
    await driver.input(flights).pipe('N1', FLIGHT, { timestampMs: HOUR_MS });
    await driver.input(flights).pipe('N2', { ...FLIGHT, origin: 'EWR' }, { timestampMs: 3 * HOUR_MS });
    expect(driver.output(enriched).readValues()).toEqual([]);

    await driver.input(flights).pipe('N2', { ...FLIGHT, origin: 'EWR' }, { timestampMs: 3 * HOUR_MS + 1 });

    expect(driver.output(enriched).readValues()).toEqual([{ ...FLIGHT, model: null, name: null, temp: null }]);
  });

  it('closes the last windows when it becomes idle, also after a restart', async () => {
    const driver = enrichment();
    await driver.input(flights).pipe(null, FLIGHT, { timestampMs: HOUR_MS });
    driver.restart();

    await driver.becomeIdle();

    expect(driver.output(enriched).readValues()).toEqual([{ ...FLIGHT, model: null, name: null, temp: null }]);
  });

  it('folds within tumbling windows, drops what is late and goes on after a restart as if there had been none', async () => {
    const builder = new TopologyBuilder('totals');
    builder
      .stream('flights', flights)
      .groupBy('by-origin', (flight) => flight.origin, utf8)
      .windowedBy(tumbling({ size: '1h', grace: '1h' }))
      .count('per-hour', { store: 'flights-per-hour', value: json<number>() })
      .toStream('changes')
      .to('counted', counted);
    const driver = new TopologyTestDriver(builder.build());
    const pipe = (timestampMs: number): Promise<void> => driver.input(flights).pipe('x', FLIGHT, { timestampMs });
    await pipe(0);
    driver.restart();
    await pipe(1);
    await pipe(2 * HOUR_MS);
    driver.restart();
    await pipe(2);

    const first: Windowed<string> = { key: 'JFK', startMs: 0, endMs: HOUR_MS };
    expect(
      driver
        .output(counted)
        .readRecords()
        .map(({ key, value }) => [key, value]),
    ).toEqual([
      [first, 1],
      [first, 2],
      [{ key: 'JFK', startMs: 2 * HOUR_MS, endMs: 3 * HOUR_MS }, 1],
    ]);
    expect(driver.counters().droppedLate).toBe(1);
  });

  it('sends what cannot be read to the dead-letter topic, with its bytes and its origin, and goes on', async () => {
    const driver = enrichment();
    await driver.input(flights).pipeRaw(Buffer.from('N1'), Buffer.from('{broken'), { timestampMs: 5 });
    await driver.input(flights).pipe('N1', FLIGHT, { timestampMs: HOUR_MS });

    const [letter] = driver.output(topic('flights-dlt', utf8, utf8)).readRecords();

    expect(letter).toMatchObject({ key: 'N1', value: '{broken', timestampMs: 5 });
    const headers = Object.fromEntries(letter!.headers.map((each) => [each.key, String(each.value)]));
    expect(headers).toMatchObject({
      'dlt.error.code': 'MR_RECORD_UNREADABLE',
      'dlt.topic': 'flights',
      'dlt.offset': '0',
    });
    expect(driver.counters()).toMatchObject({ deadLettered: 1 });
  });

  it.each([
    ['sub-topology', [7]],
    ['topology', [7, 25]],
  ] as const)('moves punctuators by the stream time of the %s', async (streamTime, expected) => {
    const turns = topic('turns', utf8, json<number>());
    const builder = new TopologyBuilder('turns');
    builder
      .stream('flights', flights)
      .process<string, number>(
        'turn',
        {
          create: () => ({
            init: (context) => void context.schedule(10, 'stream-time', (timeMs) => context.forward('turn', timeMs)),
            process: () => undefined,
          }),
        },
        turns,
      )
      .to('out', turns);
    builder.stream('observations', weather).to('copies', topic('copies', utf8, weather.value));
    const driver = new TopologyTestDriver(builder.build(), { streamTime });
    await driver.input(flights).pipe('N1', FLIGHT, { timestampMs: 7 });
    await driver.input(weather).pipe('JFK', { temp: 1 }, { timestampMs: 25 });
    driver.restart();

    expect(driver.output(turns).readValues()).toEqual(expected);
  });

  it.each(['synchronous', 'merged'] as const)(
    'takes what a punctuator writes to a repartition topic of its own task (%s)',
    async (order) => {
      const counts = topic('counts', utf8, json<number>());
      const builder = new TopologyBuilder('turns');
      const source = builder.stream('flights', flights);
      source
        .process<string, number>(
          'turn',
          {
            create: () => ({
              init: (context) => void context.schedule(10, 'wall-clock', () => context.forward('N1', 1)),
              process: () => undefined,
            }),
          },
          counts,
        )
        .repartition('turns-by-key')
        .join('with-flight', source, { within: { before: 1000, after: 1000 }, grace: 0, join: (turn) => turn })
        .to('out', counts);
      // Another sub-topology, which comes after this one.
      builder.stream('observations', weather).to('copies', topic('copies', utf8, weather.value));
      const driver = new TopologyTestDriver(builder.build(), { order });
      await driver.input(flights).pipe('N1', FLIGHT, { timestampMs: 7 });
      await driver.advanceWallClock(10);

      expect(driver.output(counts).readValues()).toEqual([1]);
    },
  );
});
