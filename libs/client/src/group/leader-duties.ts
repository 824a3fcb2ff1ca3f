import { FatalError, type Timer } from '@millrace/kernel';
import type { Cluster } from '../cluster/cluster.js';
import type { AssignedShare, Assignor } from './assignors/assignor.js';
import type { Joined } from './group-requests.js';

/** What the leader of a group does for all: assigns, and watches the topics for more partitions. */
export class LeaderDuties {
  readonly #cluster: Cluster;
  readonly #assignors: readonly Assignor[];
  readonly #partitionsChanged: () => void;
  #watch: Timer | undefined;

  constructor(cluster: Cluster, assignors: readonly Assignor[], partitionsChanged: () => void) {
    this.#cluster = cluster;
    this.#assignors = assignors;
    this.#partitionsChanged = partitionsChanged;
  }

  /**
   * Assigns by the assignor that the group has agreed on.
   *
   * @throws {FatalError} (stop-app) `MR_PROTOCOL_UNSUPPORTED` when the member does not have that assignor.
   */
  async assign(joined: Joined): Promise<Map<string, AssignedShare>> {
    const members = joined.members ?? [];
    const assignor = this.#assignors.find(({ name }) => name === joined.assignor);
    if (assignor === undefined) {
      throw new FatalError(
        'MR_PROTOCOL_UNSUPPORTED',
        `the group has chosen the assignor '${joined.assignor}', which is not here`,
      );
    }
    const topics = [...new Set(members.flatMap((member) => member.topics))];
    await this.#cluster.refreshMetadata(topics);
    const counts = this.#partitionCounts(topics);
    this.#watchFor(topics, counts);
    return assignor.assign(members, counts);
  }

  /** Watches no more. */
  stop(): void {
    this.#watch?.cancel();
  }

  #partitionCounts(topics: readonly string[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (const topic of topics) {
      const known = this.#cluster.metadataCache.topic(topic);
      if (known !== undefined) counts.set(topic, known.partitions.length);
    }
    return counts;
  }

  /** The cluster refreshes its metadata by itself; this compares as often. */
  #watchFor(topics: readonly string[], counts: ReadonlyMap<string, number>): void {
    this.stop();
    const compare = (): void => {
      const now = this.#partitionCounts(topics);
      if (topics.every((topic) => now.get(topic) === counts.get(topic))) this.#watchFor(topics, counts);
      else this.#partitionsChanged();
    };
    this.#watch = this.#cluster.clock.setTimer(this.#cluster.settings.metadataMaxAgeMs, compare, { unref: true });
  }
}
