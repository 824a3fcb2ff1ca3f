import { Digest } from '../harness/digest.mjs';
import { eventOf, eventRecords, jsonOf, PARTITIONS, segmentOf } from './events.mjs';

/** Reads JSON, looks `user` up among 100,003 entries, adds `segment`, writes JSON. */
export const enrich = {
  name: 'enrich',
  partitions: PARTITIONS,
  async prepare(cluster, { records, bytes }) {
    await cluster.createTopic('events', PARTITIONS);
    await cluster.fill('events', eventRecords(records, bytes));
    const expected = new Digest();
    for (let n = 0; n < records; n++) {
      const event = eventOf(n);
      const enriched = `${jsonOf(event, bytes).slice(0, -1)},"segment":"${segmentOf(event.user)}"}`;
      expected.add(Buffer.from(event.user), Buffer.from(enriched));
    }
    return { expected: String(expected), committedTopics: ['events'], totalRecords: records };
  },
  async answer(cluster, output) {
    return String(await cluster.digestOf(output));
  },
};
