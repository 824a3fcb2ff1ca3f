import { Admin, type Cluster } from '@millrace/client';
import { allContracts, deadLettersOf } from '@millrace/schemas';
import { POSITION_TOPIC } from '../replay/replay-producer.js';

/** Creates the topics of all contracts, their dead-letter topics and the replay's own, where they are missing. */
export async function createTopics(cluster: Cluster, partitions: number): Promise<void> {
  const contracts = allContracts();
  const wanted = [...contracts, ...contracts.map(deadLettersOf)].map(({ name, creation }) => ({
    name,
    // A global table is read whole by every task: one partition, however many the others have.
    partitions: creation.partitions === 1 ? 1 : partitions,
    configs: creation.configs,
  }));
  await new Admin(cluster).createTopics([...wanted, { name: POSITION_TOPIC, partitions: 1 }]);
}
