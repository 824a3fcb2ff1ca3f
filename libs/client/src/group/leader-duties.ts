import { FatalError, type Timer } from '@millrace/kernel';
import type { Cluster } from '../cluster/cluster.js';
import type { AssignedShare, Assignor } from './assignors/assignor.js';
import type { Joined } from './group-requests.js';

/** What the leader of a group does for all: assigns, and watches the topics for other partitions. */
export class LeaderDuties {
  readonly #cluster: Cluster;
  readonly #assignors: readonly Assignor[];
  readonly #partitionsChanged: () => void;
  #watch: Timer | undefined;
  /** Ends with each assignment: what is asked for an earlier one tells nothing. */
  #term = 0;

  constructor(cluster: Cluster, assignors: readonly Assignor[], partitionsChanged: () => void) {
    this.#cluster = cluster;
    this.#assignors = assignors;
    this.#partitionsChanged = partitionsChanged;
  }

  /**
   * Assigns by the assignor that the group has agreed on; assigns nothing, and watches all the same, where the group keeps what it has.
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
    this.stop();
    this.#watchFor(topics, counts, this.#term);
    return joined.keepsAssignment ? new Map() : assignor.assign(members, counts);
  }

  /** Watches no more. */
  stop(): void {
    this.#term++;
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

  /** Asks by itself: of a topic that is away nobody else does, as the cluster refreshes only what is known. */
  #watchFor(topics: readonly string[], counts: ReadonlyMap<string, number>, term: number): void {
    const compare = (): void => {
      if (term !== this.#term) return;
      const now = this.#partitionCounts(topics);
      if (topics.every((topic) => now.get(topic) === counts.get(topic))) this.#watchFor(topics, counts, term);
      else this.#partitionsChanged();
    };
    // Where the brokers cannot be asked now, they are the next time.
    const look = (): void => void this.#cluster.refreshMetadata(topics).then(compare, compare);
    this.#watch = this.#cluster.clock.setTimer(this.#cluster.settings.metadataMaxAgeMs, look, { unref: true });
  }
}
