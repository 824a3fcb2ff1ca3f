import { eventually } from '@millrace/testing';
import kafkajs from 'kafkajs';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a tool of the workspace, not a package
import { startApacheKafka, type ApacheKafka } from '../../../../tools/apache-kafka/start-apache-kafka.mjs';
import type { LentBrokers, TransportBrokers } from './transport-fixture.js';

/** A member that a test has cut off stays in its group until its session ends. */
const GROUPS_EMPTY_TIMEOUT_MS = 30_000;

/** One node of Apache Kafka for many tests: topics and groups of each are removed at its end. */
export class ApacheKafkaBrokers implements TransportBrokers {
  #kafka: ApacheKafka | undefined;

  async start(): Promise<void> {
    this.#kafka = await startApacheKafka();
  }

  async stop(): Promise<void> {
    await this.#kafka?.stop();
  }

  lend(): Promise<LentBrokers> {
    const bootstrap = this.#kafka?.bootstrap[0];
    if (bootstrap === undefined) throw new Error('Apache Kafka does not run: call start() before the tests');
    return Promise.resolve({ bootstrap, release: () => clear(bootstrap) });
  }
}

async function clear(bootstrap: string): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await eventually(
      'no group is left',
      async () => {
        const groups = (await admin.listGroups()).groups.map(({ groupId }) => groupId);
        if (groups.length > 0) await admin.deleteGroups(groups);
        return groups.length === 0;
      },
      { timeoutMs: GROUPS_EMPTY_TIMEOUT_MS, intervalMs: 100 },
    );
    const ownTopics = async (): Promise<string[]> =>
      (await admin.listTopics()).filter((topic) => !topic.startsWith('__'));
    const topics = await ownTopics();
    if (topics.length > 0) await admin.deleteTopics({ topics });
    await eventually('no topic is left', async () => (await ownTopics()).length === 0);
  } finally {
    await admin.disconnect();
  }
}
