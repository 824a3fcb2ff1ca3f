import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, topic, tumbling, utf8, windowedKey, type Topology } from '../../index.js';
import { TopologyTestDriver } from '../index.js';

interface Reading {
  readonly sensor: string;
  readonly celsius: number;
}

const HOUR_MS = 3_600_000;
const readings = topic('readings', utf8, json<Reading>());
const perHour = topic('readings.per-hour', windowedKey(utf8, HOUR_MS), json<number>());
const tooLate = topic('readings.too-late', utf8, json<Reading>());
const corrections = topic('readings.corrections', windowedKey(utf8, HOUR_MS), json<number>());

// #region topology
function counted(): Topology {
  const t = new TopologyBuilder('readings-per-hour');
  t.stream('readings', readings)
    .groupByKey()
    .windowedBy(tumbling({ size: '1h', grace: '10m' }))
    .count('count', {
      store: 'readings-by-hour',
      value: json<number>(),
      emit: 'close',
      late: (late) => late.to('too-late', tooLate),
    })
    .toStreamOfValues('closed')
    .to('per-hour', perHour);
  return t.build();
}
// #endregion

// #region corrections
/** Counts what came too late, with much more patience: what is to be added to an hour that was told already. */
function corrected(): Topology {
  const t = new TopologyBuilder('reading-corrections');
  t.stream('too-late', tooLate)
    .groupByKey()
    .windowedBy(tumbling({ size: '1h', grace: '7d' }))
    .count('count', { store: 'corrections-by-hour', value: json<number>() })
    .toStream('changes')
    .to('corrections', corrections);
  return t.build();
}
// #endregion

describe('cookbook: read late records', () => {
  // #region test
  it('hands a record that comes after its window has closed to another topology, with its own time', async () => {
    const driver = new TopologyTestDriver(counted());
    const read = (minute: number): Promise<void> =>
      driver.input(readings).pipe('s1', { sensor: 's1', celsius: 20 }, { timestampMs: minute * 60_000 });
    await read(5);
    await read(70); // closes the first hour
    await read(10); // too late for it

    expect(driver.output(perHour).readValues()).toEqual([1]);
    const late = driver.output(tooLate).readRecords();
    expect(late.map(({ timestampMs }) => timestampMs)).toEqual([10 * 60_000]);
    expect(driver.counters().droppedLate).toBe(1);

    const second = new TopologyTestDriver(corrected());
    for (const { key, value, timestampMs } of late) await second.input(tooLate).pipe(key, value, { timestampMs });
    expect(second.output(corrections).readRecords()).toMatchObject([
      { key: { key: 's1', startMs: 0, endMs: HOUR_MS }, value: 1 },
    ]);
  });
  // #endregion

  it('hands nothing on that is within the grace', async () => {
    const driver = new TopologyTestDriver(counted());
    for (const minute of [5, 69, 10]) {
      await driver.input(readings).pipe('s1', { sensor: 's1', celsius: 20 }, { timestampMs: minute * 60_000 });
    }

    expect(driver.output(tooLate).readRecords()).toEqual([]);
    expect(driver.output(perHour).readRecords()).toEqual([]);
  });
});
