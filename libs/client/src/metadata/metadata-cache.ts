import type { ResponseOf, apis } from '@millrace/protocol';
import { ErrorCodes } from '@millrace/protocol';
import type { BrokerAddress } from '../connection/broker-link.js';
import { NO_TOPIC_ID, type PartitionMetadata, type TopicMetadata } from './topic-metadata.js';

type MetadataResponse = ResponseOf<typeof apis.Metadata>;

/** What is known of the cluster: brokers, topics, leaders. Holds no connection and asks nobody. */
export class MetadataCache {
  readonly #brokers = new Map<number, BrokerAddress>();
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #namesById = new Map<string, string>();
  /** Error codes of topics that the last answer about them did not describe. */
  readonly #errors = new Map<string, number>();

  get nodeIds(): readonly number[] {
    return [...this.#brokers.keys()];
  }

  get topicNames(): readonly string[] {
    return [...this.#topics.keys()];
  }

  broker(nodeId: number): BrokerAddress | undefined {
    return this.#brokers.get(nodeId);
  }

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name);
  }

  nameOf(topicId: string): string | undefined {
    return this.#namesById.get(topicId);
  }

  /** The error code with which a broker last answered about a topic; NONE when it is known or was never asked for. */
  errorOf(name: string): number {
    return this.#errors.get(name) ?? ErrorCodes.NONE;
  }

  leader(topic: string, partition: number): PartitionMetadata | undefined {
    const found = this.#topics.get(topic)?.partitions[partition];
    return found !== undefined && found.leaderId >= 0 ? found : undefined;
  }

  /** Takes over an answer. Knowledge of an older leader's term never replaces that of a newer one, where topics have ids. */
  update(response: MetadataResponse): void {
    if (response.brokers.length > 0) {
      this.#brokers.clear();
      for (const { nodeId, host, port } of response.brokers) this.#brokers.set(nodeId, { host, port });
    }
    for (const answered of response.topics) {
      if (answered.name === null) continue;
      if (answered.errorCode === ErrorCodes.NONE) this.#learn(answered.name, answered);
      else this.#forget(answered.name, answered.errorCode);
    }
  }

  /** Knows of no broker any more, until the next answer. Leaders keep their ids. */
  forgetBrokers(): void {
    this.#brokers.clear();
  }

  /** Takes over a leader that a Produce or Fetch answer named (KIP-951). */
  learnLeader(topic: string, partition: number, leaderId: number, leaderEpoch: number): void {
    const known = this.#topics.get(topic);
    const current = known?.partitions[partition];
    if (known === undefined || current === undefined || leaderEpoch <= current.leaderEpoch) return;
    if (!this.#brokers.has(leaderId)) return;
    const partitions = known.partitions.with(partition, { partition, leaderId, leaderEpoch });
    this.#topics.set(topic, { ...known, partitions });
  }

  #learn(name: string, answered: MetadataResponse['topics'][number]): void {
    const known = this.#topics.get(name);
    // Before Kafka 2.8 topics have no ids. One that was created again begins with term 0, which is not to be taken for an old answer.
    const sameTopic = known !== undefined && known.topicId === answered.topicId && answered.topicId !== NO_TOPIC_ID;
    if (known !== undefined && !sameTopic) this.#namesById.delete(known.topicId);
    const partitions = answered.partitions
      .map(({ partitionIndex, leaderId, leaderEpoch }) => ({ partition: partitionIndex, leaderId, leaderEpoch }))
      .sort((left, right) => left.partition - right.partition)
      .map((fresh) => {
        const old = sameTopic ? known.partitions[fresh.partition] : undefined;
        return old !== undefined && old.leaderEpoch > fresh.leaderEpoch ? old : fresh;
      });
    this.#topics.set(name, { name, topicId: answered.topicId, isInternal: answered.isInternal, partitions });
    this.#namesById.set(answered.topicId, name);
    this.#errors.delete(name);
  }

  #forget(name: string, errorCode: number): void {
    this.#errors.set(name, errorCode);
    if (errorCode !== ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION) return;
    const known = this.#topics.get(name);
    if (known !== undefined) this.#namesById.delete(known.topicId);
    this.#topics.delete(name);
  }
}
