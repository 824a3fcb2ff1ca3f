import { Digest } from '../harness/digest.mjs';
import { DRAIN_COLUMNS, drain } from '../harness/drain.mjs';
import { eventOf, eventRecords, PARTITIONS, timestampOf } from './events.mjs';

const MINUTE_MS = 60_000;

/** Counts and sums by user and minute, in a store with a changelog. */
export const aggregate = {
  name: 'aggregate',
  partitions: PARTITIONS,
  async prepare(cluster, { records, bytes }) {
    await cluster.createTopic('events', PARTITIONS);
    await cluster.fill('events', eventRecords(records, bytes));
    const totals = new Map();
    for (let n = 0; n < records; n++) {
      const { user, amount } = eventOf(n);
      const startMs = timestampOf(n) - (timestampOf(n) % MINUTE_MS);
      const key = `${user}@${startMs}`;
      const total = totals.get(key) ?? { count: 0, sum: 0 };
      total.count++;
      total.sum += amount;
      totals.set(key, total);
    }
    const expected = new Digest();
    for (const [key, total] of totals) expected.add(Buffer.from(key), Buffer.from(JSON.stringify(total)));
    return { expected: String(expected), committedTopics: ['events'], totalRecords: records };
  },
  measure: drain,
  async answer({ cluster, work }) {
    return String(await cluster.digestOfLatest(work.output));
  },
  columns: DRAIN_COLUMNS,
  ratios: ['eventsPerCpuSecond'],
};
