import { ErrorCodes, apis } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { retrying } from '../cluster/retry.js';
import { brokerError, throwOnError } from '../errors/broker-errors.js';
import { committedOffsets, type CommittedOffset } from '../group/committed-offsets.js';
import type { TopicPartition } from '../metadata/topic-metadata.js';
import { deleteRecords, type RecordsToDelete } from './delete-records.js';
import { listOffsets, type ListedOffset, type OffsetQuery } from './list-offsets.js';

/** A topic to be created. */
export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  /** Copies of each partition. Default -1: as the broker's `default.replication.factor` says. */
  readonly replicationFactor?: number;
  /** Topic configuration, such as `{ 'cleanup.policy': 'compact' }`. */
  readonly configs?: Readonly<Record<string, string>>;
}

/** What became of a {@link NewTopic}. */
export interface CreatedTopic {
  readonly name: string;
  readonly result: 'created' | 'exists';
}

/** How long an administrative request may take. */
export interface AdminOptions {
  /** In milliseconds. Default: the cluster's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
}

const TOPIC_RESOURCE = 2;

/** Topics, their configuration, and offsets. Holds no state: make one whenever it is needed. */
export class Admin {
  readonly #cluster: Cluster;

  /** @param cluster A started cluster. */
  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * Creates topics and waits until their partitions have leaders. A topic that exists is left as it is and reported so.
   *
   * @throws {FatalError} (stop-app) when the broker refuses a topic: its name, its configuration, or for lack of rights.
   * @throws {TransientError} (retry) when a topic has no leader, or is not known to the brokers, after `requestTimeoutMs`.
   */
  async createTopics(topics: readonly NewTopic[], options: AdminOptions = {}): Promise<CreatedTopic[]> {
    if (topics.length === 0) return [];
    const timeoutMs = options.timeoutMs ?? this.#cluster.settings.requestTimeoutMs;
    const results = new Map<string, CreatedTopic['result']>();
    await retrying(this.#cluster.retryContext(), 'CreateTopics', timeoutMs, async (attempt) => {
      const wanted = topics.filter(({ name }) => !results.has(name));
      const response = await this.#cluster.requestAny(apis.CreateTopics, createTopicsRequest(wanted, timeoutMs));
      for (const { name, errorCode, errorMessage } of response.topics) {
        // A repeated request may meet the topic that the lost one before it has created.
        if (errorCode === ErrorCodes.NONE) results.set(name, 'created');
        else if (errorCode === ErrorCodes.TOPIC_ALREADY_EXISTS) results.set(name, attempt === 1 ? 'exists' : 'created');
        else throw brokerError(errorCode, `CreateTopics of '${name}'`, { topic: name }, errorMessage ?? '');
      }
    });
    const names = topics.map(({ name }) => name);
    await this.#cluster.refreshMetadata(names);
    // The controller has said that they are there: a broker that does not know one is only behind.
    await this.#cluster.metadata(names, Number.POSITIVE_INFINITY);
    return names.map((name) => ({ name, result: results.get(name) as CreatedTopic['result'] }));
  }

  /**
   * Deletes topics and all their records; a topic that does not exist counts as deleted.
   *
   * @throws {FatalError} (stop-app) when the broker refuses.
   */
  async deleteTopics(names: readonly string[], options: AdminOptions = {}): Promise<void> {
    if (names.length === 0) return;
    const timeoutMs = options.timeoutMs ?? this.#cluster.settings.requestTimeoutMs;
    await retrying(this.#cluster.retryContext(), 'DeleteTopics', timeoutMs, async () => {
      const response = await this.#cluster.requestAny(apis.DeleteTopics, (version) => ({
        ...(version >= 6 ? { topics: names.map((name) => ({ name })) } : { topicNames: names }),
        timeoutMs,
      }));
      for (const { name, errorCode } of response.responses) {
        if (errorCode === ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION) continue;
        throwOnError(errorCode, `DeleteTopics of '${name}'`, { topic: name ?? '' });
      }
    });
    await this.#cluster.refreshMetadata(names);
  }

  /**
   * Deletes the records of partitions before an offset each, which their logs begin at from then on (KIP-107). Names a partition once.
   *
   * @throws {FatalError} (stop-app) when the broker refuses: for lack of rights, or as the topic is only compacted.
   * @throws {TaskError} (restart-task) `MR_OFFSET_OUT_OF_RANGE` when an offset lies beyond the end of the log.
   */
  deleteRecords(places: readonly RecordsToDelete[], options: AdminOptions = {}): Promise<void> {
    return deleteRecords(this.#cluster, places, options.timeoutMs ?? this.#cluster.settings.requestTimeoutMs);
  }

  /** Names of all topics but Kafka's own, sorted. */
  async listTopics(): Promise<string[]> {
    const response = await this.#cluster.requestMetadata('all');
    return response.topics
      .filter(({ isInternal, errorCode }) => !isInternal && errorCode === ErrorCodes.NONE)
      .map(({ name }) => name ?? '')
      .sort();
  }

  /**
   * Configuration of topics, defaults included: topic name to property name to value (`null` where it is secret or unset).
   *
   * @throws {TransientError} (retry) when a topic is not known.
   */
  async describeTopicConfigs(names: readonly string[]): Promise<Map<string, Map<string, string | null>>> {
    const described = new Map<string, Map<string, string | null>>();
    if (names.length === 0) return described;
    const response = await this.#cluster.requestAny(apis.DescribeConfigs, {
      resources: names.map((resourceName) => ({ resourceType: TOPIC_RESOURCE, resourceName, configurationKeys: null })),
      includeSynonyms: false,
      includeDocumentation: false,
    });
    for (const { errorCode, errorMessage, resourceName, configs } of response.results) {
      throwOnError(errorCode, `DescribeConfigs of '${resourceName}'`, { topic: resourceName }, errorMessage ?? '');
      described.set(resourceName, new Map(configs.map(({ name, value }) => [name, value])));
    }
    return described;
  }

  /** Looks up offsets, in the order of the queries. Throws as {@link Cluster.metadata} does. */
  listOffsets(queries: readonly OffsetQuery[]): Promise<ListedOffset[]> {
    return listOffsets(this.#cluster, queries);
  }

  /**
   * Offsets that a group has committed, in the order asked for. Waits while a transaction with offsets of these partitions
   * is open (KIP-447), for `timeoutMs` at most.
   */
  committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options: AdminOptions = {},
  ): Promise<CommittedOffset[]> {
    return committedOffsets(this.#cluster, groupId, partitions, options);
  }
}

function createTopicsRequest(topics: readonly NewTopic[], timeoutMs: number) {
  return {
    topics: topics.map(({ name, partitions, replicationFactor = -1, configs = {} }) => ({
      name,
      numPartitions: partitions,
      replicationFactor,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    })),
    timeoutMs,
    validateOnly: false,
  };
}
