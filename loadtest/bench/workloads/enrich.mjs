import { Digest } from '../harness/digest.mjs';
import { DRAIN_COLUMNS, drain } from '../harness/drain.mjs';
import { eventOf, eventRecords, jsonOf, PARTITIONS, segmentOf } from './events.mjs';

/** The digest of the first events with their segments. */
export function expectedOfEnrich(records, bytes) {
  const expected = new Digest();
  for (let n = 0; n < records; n++) {
    const event = eventOf(n);
    const enriched = `${jsonOf(event, bytes).slice(0, -1)},"segment":"${segmentOf(event.user)}"}`;
    expected.add(Buffer.from(event.user), Buffer.from(enriched));
  }
  return String(expected);
}

/** Reads JSON, looks `user` up among 100,003 entries, adds `segment`, writes JSON. */
export const enrich = {
  name: 'enrich',
  partitions: PARTITIONS,
  async prepare(cluster, { records, bytes }) {
    await cluster.createTopic('events', PARTITIONS);
    await cluster.fill('events', eventRecords(records, bytes));
    return { expected: expectedOfEnrich(records, bytes), committedTopics: ['events'], totalRecords: records };
  },
  measure: drain,
  async answer({ cluster, work }) {
    return String(await cluster.digestOf(work.output));
  },
  columns: DRAIN_COLUMNS,
  ratios: ['eventsPerCpuSecond'],
};
