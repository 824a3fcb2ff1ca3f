import { Digest } from '../harness/digest.mjs';
import { RESTART_COLUMNS, restart } from '../harness/restart.mjs';
import { PARTITIONS } from './events.mjs';
import { profileRecords } from './join.mjs';

/** Asks for each row of the table once. */
function* probes(rows) {
  for (const { key } of profileRecords(rows)) yield { key, value: Buffer.from('{}'), timestampMs: 2 };
}

/**
 * A table of as many keys as there are records, restored by a process that has lost it. It is joined with a stream that is empty
 * until it is restored; then each key is asked for, and what comes out is the row.
 */
export const restore = {
  name: 'restore',
  partitions: PARTITIONS,
  defaults: { records: 1_000_000 },
  async prepare(cluster, { records }) {
    await cluster.createTopic('profiles', PARTITIONS, { 'cleanup.policy': 'compact' });
    await cluster.fill('profiles', profileRecords(records));
    const rows = new Digest();
    for (const { key, value } of profileRecords(records)) rows.add(key, value);
    return {
      expected: answerOf(records, rows),
      committedTopics: ['profiles'],
      totalRecords: records,
      probes: () => probes(records),
    };
  },
  async measure(run) {
    await run.cluster.createTopic(run.work.input, PARTITIONS);
    return restart(run);
  },
  async answer({ cluster, work }, { restored }) {
    return answerOf(restored, await cluster.digestOf(work.output));
  },
  columns: RESTART_COLUMNS,
  ratios: ['eventsPerCpuSecond', 'eventsPerSecond'],
};

function answerOf(restored, rows) {
  return `${restored} restored, in the table: ${rows}`;
}
