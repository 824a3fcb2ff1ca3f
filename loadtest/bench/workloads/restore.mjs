import { RESTART_COLUMNS, restart } from '../harness/restart.mjs';
import { PARTITIONS } from './events.mjs';
import { profileRecords } from './join.mjs';

/** A table of as many keys as there are records, restored by a process that has lost it. */
export const restore = {
  name: 'restore',
  partitions: PARTITIONS,
  defaults: { records: 1_000_000 },
  async prepare(cluster, { records }) {
    await cluster.createTopic('profiles', PARTITIONS, { 'cleanup.policy': 'compact' });
    await cluster.fill('profiles', profileRecords(records));
    return { expected: `${records} restored`, committedTopics: ['profiles'], totalRecords: records };
  },
  measure: restart,
  answer: async (_run, { restored }) => `${restored} restored`,
  columns: RESTART_COLUMNS,
  ratios: ['eventsPerCpuSecond', 'eventsPerSecond'],
};
