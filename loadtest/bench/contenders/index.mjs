/** Who takes part: how each is started, and what it cannot do. */
import { fileURLToPath } from 'node:url';
import { installKafkaStreams } from './kafka-streams/install.mjs';

const STATELESS = ['enrich'];
const STATEFUL = ['enrich', 'aggregate', 'join'];

const script = (name) => ({
  command: process.execPath,
  args: [fileURLToPath(new URL(`${name}.mjs`, import.meta.url))],
});

const kafkaStreams = () => ({
  command: 'java',
  args: ['-Xmx2g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', installKafkaStreams(), 'Peer'],
});

const NO_STATE = 'it has no stores: counting, tables and changelogs would have to be written by hand';

export const contenders = {
  millrace: { workloads: STATEFUL, program: () => script('millrace') },
  'kafka-streams': { workloads: STATEFUL, program: kafkaStreams },
  /** Its stores in the heap of Java instead of RocksDB. */
  'kafka-streams-in-memory': { workloads: ['aggregate', 'join'], program: kafkaStreams, inMemory: true },
  kafkajs: { workloads: STATELESS, why: NO_STATE, program: () => script('kafkajs') },
  'platformatic-kafka': { workloads: STATELESS, why: NO_STATE, program: () => script('platformatic-kafka') },
  'nest-kafka': {
    workloads: STATELESS,
    why: NO_STATE,
    program: () => script('nest-kafka'),
    weaker: 'at least once: it has no transactions',
  },
};
