import { Digest } from '../harness/digest.mjs';
import { DRAIN_COLUMNS, drain } from '../harness/drain.mjs';
import { eventRecords, eventOf, jsonOf, PARTITIONS, STRIDE } from './events.mjs';

const KEYS = 1_000_000;

const keyOf = (n) => Buffer.from(`user-${(n * STRIDE) % KEYS}`);
const profileOf = (key) => `{"name":"name of ${key}","level":${key.length}}`;

/** The rows of the table, one for each of so many users. */
export function* profileRecords(count) {
  for (let n = 0; n < count; n++) {
    const key = `user-${n}`;
    yield { key: Buffer.from(key), value: Buffer.from(profileOf(key)), timestampMs: 1 };
  }
}

function* events(records, bytes) {
  let n = 0;
  for (const { value, timestampMs } of eventRecords(records, bytes)) yield { key: keyOf(n++), value, timestampMs };
}

/** Joins events with a table of a million keys and adds the row's `name`. */
export const join = {
  name: 'join',
  partitions: PARTITIONS,
  async prepare(cluster, { records, bytes }) {
    await cluster.createTopic('events', PARTITIONS);
    await cluster.createTopic('profiles', PARTITIONS, { 'cleanup.policy': 'compact' });
    await cluster.fill('profiles', profileRecords(KEYS));
    await cluster.fill('events', events(records, bytes));
    const expected = new Digest();
    for (let n = 0; n < records; n++) {
      const text = `${jsonOf(eventOf(n), bytes).slice(0, -1)},"name":"name of ${keyOf(n)}"}`;
      expected.add(keyOf(n), Buffer.from(text));
    }
    // The table is older than every event, so whoever reads in order of time has it whole before the first.
    return { expected: String(expected), committedTopics: ['events'], totalRecords: records };
  },
  measure: drain,
  async answer({ cluster, work }) {
    return String(await cluster.digestOf(work.output));
  },
  columns: DRAIN_COLUMNS,
  ratios: ['eventsPerCpuSecond'],
};
