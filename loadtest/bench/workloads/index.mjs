import { aggregate } from './aggregate.mjs';
import { archive } from './archive.mjs';
import { enrich } from './enrich.mjs';
import { join } from './join.mjs';
import { latency } from './latency.mjs';
import { postgres } from './postgres.mjs';
import { restore } from './restore.mjs';
import { soak } from './soak.mjs';

/**
 * What can be measured. Each says:
 *
 * - `partitions` of its output, `defaults` of the options `records` or `minutes`, `commitIntervalMs`, `rate` and `rounds`, and `peers`, where
 *   none are asked for, if they are not to be Kafka Streams;
 * - `services` that it needs besides Kafka, by name, `broker`: properties of Kafka, and `work`: what contenders are told besides the usual;
 * - `prepare(cluster, options)`: makes the input, and returns what is right (`expected`) with what the measurement must know;
 * - `measure(run)`: lets a contender work, and returns its figures;
 * - `answer(run, figures)`: what the contender made, in the form of `expected`;
 * - `verdicts(figures, options)`, where figures can fail: each `{ isGood, text }`;
 * - `columns` of the report, and `ratios`: the figures that are compared.
 */
export const workloads = { enrich, aggregate, join, restore, latency, archive, postgres, soak };
