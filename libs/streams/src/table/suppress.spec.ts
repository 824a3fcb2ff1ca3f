import { describe, expect, it } from '@jest/globals';
import { RecordError } from '@millrace/kernel';
import { TopologyBuilder, json, topic, utf8, type SuppressOptions } from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const input = topic('in', utf8, json<string>());
const output = topic('out', utf8, json<number>());

interface SuppressionUnderTest {
  readonly driver: TopologyTestDriver;
  /** Counts a record of the key; tells what left the buffer. */
  count(key: string, timestampMs?: number): Promise<string[]>;
}

/** Counts of keys whose updates are held for a second of stream time. `refuse` fails below the buffer for an update. */
function suppressing(
  buffer: SuppressOptions['buffer'],
  refuse: (key: string, count: number) => boolean = () => false,
): SuppressionUnderTest {
  const builder = new TopologyBuilder('suppressing');
  builder
    .stream('ins', input)
    .groupByKey()
    .count('counted', { store: 'counts' })
    .suppress('held', { until: { after: '1s' }, store: 'held-updates', ...(buffer === undefined ? {} : { buffer }) })
    .toStream('changes')
    .peek('checked', (count, key) => {
      if (refuse(key, count)) throw new RecordError('MR_RECORD_REJECTED', 'not this one');
    })
    .to('outs', output);
  const driver = new TopologyTestDriver(builder.build(), { policy: { onProcessingError: 'dead-letter' } });
  return {
    driver,
    count: async (key, timestampMs = 0) => {
      await driver.input(input).pipe(key, 'x', { timestampMs });
      return driver
        .output(output)
        .readRecords()
        .map((each) => `${each.key}: ${each.value}`);
    },
  };
}

describe('a suppression with a bounded buffer', () => {
  it('lets the oldest update go when it holds more records than it may', async () => {
    const { count } = suppressing({ maxRecords: 2, whenFull: 'emit-early' });

    expect(await count('a', 1)).toEqual([]);
    expect(await count('b', 2)).toEqual([]);
    expect(await count('a', 3)).toEqual([]);
    expect(await count('c', 4)).toEqual(['a: 2']);
  });

  it.each([false, true])('counts bytes as Kafka Streams does (after a restart: %s)', async (isRestarted) => {
    // 28 bytes of context, 2 of the topic, 1 of the key, 8 of the count; 8 more for the count before it.
    const { count, driver } = suppressing({ maxBytes: 78, whenFull: 'emit-early' });
    expect(await count('a')).toEqual([]);
    expect(await count('b')).toEqual([]);
    if (isRestarted) driver.restart();

    expect(await count('b')).toEqual(['a: 1']);
  });

  it('stops the application when it is to hold everything and is full', async () => {
    const { count } = suppressing({ maxRecords: 1, whenFull: 'shut-down' });
    await count('a');

    await expect(count('b')).rejects.toMatchObject({ disposition: 'stop-app', cause: { code: 'MR_BUFFER_FULL' } });
  });

  it('holds what it held when a record fails that let an update go, and lets it go with the next one', async () => {
    let failures = 0;
    const { count, driver } = suppressing({ maxRecords: 1, whenFull: 'emit-early' }, () => failures++ === 0);
    await count('a', 1);

    expect(await count('b', 2)).toEqual([]);
    expect(driver.deadLetters(input)).toHaveLength(1);
    expect([...driver.store<string, number>('counts').entries()].map(([key]) => key)).toEqual(['a']);
    expect(await count('c', 3)).toEqual(['a: 1']);
  });
});
