import { OPEN_LOOP_COLUMNS, openLoop } from '../harness/open-loop.mjs';
import { expectedOfEnrich } from './enrich.mjs';
import { eventRecords, PARTITIONS } from './events.mjs';

/** The work of `enrich` on events that come at a fixed rate. */
export const latency = {
  name: 'latency',
  partitions: PARTITIONS,
  /** Broker, source and reader fill a core between them: on one of their own, their queue for it would be what is measured. */
  sharesCores: true,
  /** Offsets that are committed do not wait for others, as they do for 5 ms by default. */
  broker: { 'group.coordinator.append.linger.ms': 0 },
  /** The broker compiles its own code for a minute or two, at the cost of whoever comes first. */
  rehearsals: 1,
  defaults: { records: 1_200_000, commitIntervalMs: 5, rate: 20_000 },
  async prepare(_cluster, { records, bytes }) {
    return {
      expected: expectedOfEnrich(records, bytes),
      totalRecords: records,
      records: () => eventRecords(records, bytes),
    };
  },
  async measure(run) {
    await run.cluster.createTopic(run.work.input, PARTITIONS);
    return openLoop(run);
  },
  answer: async (_run, { digest }) => digest,
  columns: OPEN_LOOP_COLUMNS,
  ratios: ['p50Ms', 'p99Ms', 'cores'],
};
