import type { Cluster, ListedOffset } from '@millrace/client';
import { ErrorCodes, apis } from '@millrace/protocol';
import { eventually } from '@millrace/testing';
import type { KafkaCluster } from '@millrace/testing/containers';

/** Who has a part in the cluster, and for which term. */
export interface Role {
  readonly nodeId: number;
  /** Grows with each holder; -1 where nobody counts. */
  readonly epoch: number;
}

const SETTLED_TIMEOUT_MS = 120_000;
/** The last version of Fetch that names topics; the next one needs their ids. */
const FETCH_WITH_TOPIC_NAMES = 12;

/** Asks a cluster of Apache Kafka who does what in it, each time anew. */
export class ClusterView {
  readonly #kafka: KafkaCluster;
  readonly #cluster: Cluster;

  constructor(kafka: KafkaCluster, cluster: Cluster) {
    this.#kafka = kafka;
    this.#cluster = cluster;
  }

  /** @throws {Error} while the partition has no leader. */
  async leader(topic: string, partition: number): Promise<Role> {
    await this.#cluster.refreshMetadata([topic]);
    const leader = this.#cluster.metadataCache.leader(topic, partition);
    if (leader === undefined) throw new Error(`${topic}-${partition} has no leader`);
    return { nodeId: leader.leaderId, epoch: leader.leaderEpoch };
  }

  /** The coordinator of a group or transactional id. @throws {TransientError} (retry) while there is none. */
  async coordinator(kind: 'group' | 'transaction', key: string): Promise<Role> {
    this.#cluster.coordinators.forget(kind, key);
    return { nodeId: await this.#cluster.coordinators.find(kind, key), epoch: -1 };
  }

  /** A node that coordinates neither the group nor the transactions: with it goes only its copy of each partition. */
  async bystander(groupId: string, transactionalId: string): Promise<number> {
    const coordinators = [
      await this.coordinator('group', groupId),
      await this.coordinator('transaction', transactionalId),
    ];
    const bystander = this.#kafka.nodes.find(({ nodeId }) => coordinators.every((role) => role.nodeId !== nodeId));
    if (bystander === undefined) throw new Error('every node coordinates');
    return bystander.nodeId;
  }

  /** The active controller of the quorum, as a node says that lives. */
  async controller(): Promise<Role> {
    const ended = await Promise.all(this.#kafka.nodes.map((node) => node.hasEnded()));
    const living = this.#kafka.nodes.find((_, at) => !ended[at]);
    if (living === undefined) throw new Error('no node lives');
    const status = await living.tool(
      'kafka-metadata-quorum.sh',
      '--bootstrap-server',
      'INTERNAL',
      'describe',
      '--status',
    );
    const numberOf = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? NaN);
    const role = { nodeId: numberOf('LeaderId'), epoch: numberOf('LeaderEpoch') };
    if (Number.isNaN(role.nodeId)) throw new Error(`the quorum has no leader: ${status}`);
    return role;
  }

  /** Waits until every partition of every topic has all of its copies in sync. */
  async isInSync(): Promise<void> {
    await this.#kafka.ready();
    await this.#eventually('every copy of every partition is in sync', null, (inSync, copies) => inSync === copies);
  }

  /** Waits until every partition of the topics has a leader, and fewer copies in sync than it should have. */
  lacksCopies(topics: readonly string[]): Promise<void> {
    return this.#eventually(`${topics.join(', ')} lack copies`, topics, (inSync, copies) => inSync < copies);
  }

  /**
   * Whether every node knows that the partitions, of which it has copies, end there. A copy learns of the high watermark by the fetch after the one that moves it. One
   * that becomes leader before that, while `min.insync.replicas` is broken, tells no end: it answers ListOffsets with OFFSET_NOT_AVAILABLE
   * (KIP-207), and its high watermark does not move (KIP-966).
   */
  async copiesKnow(ends: readonly ListedOffset[]): Promise<boolean> {
    const copies = ends.flatMap((end) => this.#kafka.nodes.map(({ nodeId }) => this.#knows(nodeId, end)));
    const known = await Promise.all(copies);
    return known.every(Boolean);
  }

  async #knows(nodeId: number, { topic, partition, offset }: ListedOffset): Promise<boolean> {
    const body = {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1,
      topics: [{ topic, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 1 }] }],
      forgottenTopicsData: [],
    };
    const { responses } = await this.#cluster.link(nodeId).request(apis.Fetch, body, { cap: FETCH_WITH_TOPIC_NAMES });
    const answer = responses[0]?.partitions[0];
    return answer?.errorCode === ErrorCodes.NONE && answer.highWatermark === offset;
  }

  /** @param topics `null`: all. */
  async #eventually(
    what: string,
    topics: readonly string[] | null,
    holds: (inSync: number, copies: number) => boolean,
  ): Promise<void> {
    await eventually(
      what,
      async () => {
        const answer = await this.#cluster.requestAny(apis.Metadata, {
          topics: topics?.map((name) => ({ name })) ?? null,
          allowAutoTopicCreation: false,
        });
        const partitions = answer.topics.flatMap((topic) => topic.partitions);
        return (
          partitions.length > 0 &&
          partitions.every(
            ({ isrNodes, replicaNodes, leaderId }) => leaderId > 0 && holds(isrNodes.length, replicaNodes.length),
          )
        );
      },
      { timeoutMs: SETTLED_TIMEOUT_MS, intervalMs: 200 },
    );
  }
}

/** `2 → 3`, with terms where there are any. */
export function succession(before: Role, after: Role): string {
  const place = ({ nodeId, epoch }: Role): string => (epoch < 0 ? `node ${nodeId}` : `node ${nodeId} (epoch ${epoch})`);
  return `${place(before)} → ${place(after)}`;
}
