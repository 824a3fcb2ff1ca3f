import { GroupMember, type Cluster, type GroupMemberOptions, type TopicPartition } from '../../src/index.js';

/** A member that writes down what its group does to it. */
export class RecordingMember {
  readonly member: GroupMember;
  /** Every callback in order: `assigned t-0 t-1`, `revoked t-0`, `lost`. */
  readonly events: string[] = [];
  readonly generations: number[] = [];
  userData: Buffer | null = null;
  failure: Error | undefined;
  /** Awaited at the end of each callback. */
  hold: Promise<void> = Promise.resolve();
  readonly #owned = new Set<string>();

  constructor(
    cluster: Cluster,
    options: Pick<GroupMemberOptions, 'groupId' | 'topics' | 'assignors'> & Partial<GroupMemberOptions>,
  ) {
    this.member = new GroupMember(cluster, {
      sessionTimeoutMs: 6_000,
      heartbeatIntervalMs: 50,
      rebalanceTimeoutMs: 10_000,
      onAssigned: async (partitions, info) => {
        this.#note('assigned', partitions);
        this.generations.push(info.generationId);
        this.userData = info.userData;
        for (const partition of partitions) this.#owned.add(nameOf(partition));
        await this.hold;
      },
      onRevoked: (partitions) => this.#drop('revoked', partitions),
      onLost: (partitions) => this.#drop('lost', partitions),
      onFailed: (error) => (this.failure = error),
      ...options,
    });
  }

  /** What the member owns according to its callbacks, sorted. */
  get owned(): string[] {
    return [...this.#owned].sort();
  }

  start(): Promise<void> {
    return this.member.start();
  }

  stop(): Promise<void> {
    return this.member.stop();
  }

  async #drop(event: string, partitions: readonly TopicPartition[]): Promise<void> {
    this.#note(event, partitions);
    await this.hold;
    for (const partition of partitions) this.#owned.delete(nameOf(partition));
  }

  #note(event: string, partitions: readonly TopicPartition[]): void {
    this.events.push([event, ...partitions.map(nameOf).sort()].join(' '));
  }
}

/** `p0` for partition 0. */
function nameOf({ partition }: TopicPartition): string {
  return `p${partition}`;
}
