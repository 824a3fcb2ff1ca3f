/** Who takes part: how each is started, and what it cannot do. */
import { fileURLToPath } from 'node:url';
import { installKafkaStreams } from './kafka-streams/install.mjs';

const STATELESS = ['enrich', 'latency'];
const STATEFUL = ['aggregate', 'join', 'restore', 'soak'];
const SINKS = ['archive', 'postgres'];

/** As docs/design/performance.md advises. */
const NODE_OPTIONS = ['--max-semi-space-size=64', '--external-memory-accounted-in-global-limit'];

const script = (name) => ({
  command: process.execPath,
  args: [...NODE_OPTIONS, fileURLToPath(new URL(`${name}.mjs`, import.meta.url))],
});

const kafkaStreams = () => ({
  command: 'java',
  args: ['-Xmx2g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', installKafkaStreams(), 'Peer'],
});

const NO_STATE = 'it has no stores: counting, tables and changelogs would have to be written by hand';
const NO_SINKS = 'it writes to Kafka alone: another process, such as Kafka Connect, would carry its results on';
const NO_PARQUET = 'it has no archive: objects, their manifest and exactly-once would have to be written by hand';

const isSink = (workload) => SINKS.includes(workload);

/**
 * By name: `workloads` that it can do and `why` not the others, `program` for a workload, `weaker` where it promises less than
 * exactly-once, and `store`: what keeps its state.
 */
export const contenders = {
  millrace: {
    workloads: [...STATELESS, ...STATEFUL, ...SINKS],
    program: (workload) => script(isSink(workload) ? 'millrace-sink' : 'millrace'),
    store: 'memory',
  },
  /** Its stores on disk, in LMDB. */
  'millrace-lmdb': {
    workloads: STATEFUL,
    why: () => 'it differs from millrace in its stores alone',
    program: () => script('millrace'),
    store: 'lmdb',
  },
  'kafka-streams': {
    workloads: [...STATELESS, ...STATEFUL],
    why: () => NO_SINKS,
    program: kafkaStreams,
    store: 'rocksdb',
  },
  /** Its stores in the heap of Java instead of RocksDB. */
  'kafka-streams-in-memory': {
    workloads: STATEFUL,
    why: (workload) => (isSink(workload) ? NO_SINKS : 'it differs from kafka-streams in its stores alone'),
    program: kafkaStreams,
    store: 'memory',
  },
  kafkajs: {
    workloads: [...STATELESS, 'postgres'],
    why: (workload) => (workload === 'archive' ? NO_PARQUET : NO_STATE),
    program: (workload) => script(workload === 'postgres' ? 'kafkajs-postgres' : 'kafkajs'),
    weaker: (workload) => (workload === 'postgres' ? 'at least once: a batch may be written twice' : undefined),
  },
  'platformatic-kafka': {
    workloads: STATELESS,
    why: (workload) => (isSink(workload) ? NO_PARQUET : NO_STATE),
    program: () => script('platformatic-kafka'),
  },
  'nest-kafka': {
    workloads: STATELESS,
    why: (workload) => (isSink(workload) ? NO_PARQUET : NO_STATE),
    program: () => script('nest-kafka'),
    weaker: () => 'at least once: it has no transactions',
  },
};
