import type {
  AssignedPartition,
  CommittedOffset,
  CommittedRecords,
  FetchedBatch,
  GroupMetadata,
  OffsetToCommit,
} from '@millrace/client';
import { FatalError, describeError } from '@millrace/kernel';
import type { SinkWriter, Topic } from '@millrace/streams';
import { partitionKey, type TopicPartition } from '../assignment/task-layout.js';
import type { ResolvedSinkErrorPolicy } from './sink-error-policy.js';
import type { SinkDeadLetters } from './sink-dead-letters.js';
import { SinkPartition, type BatchLimits } from './sink-partition.js';

/** Looks up where to begin: what the group has committed, and the first offset of a log. */
export interface StartOffsets {
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]>;
  earliest(partitions: readonly TopicPartition[]): Promise<readonly { readonly offset: number }[]>;
}

/** The partitions that a sink owns: opened in its writer, with what was fetched for them. */
export class SinkPartitions {
  readonly #writer: SinkWriter;
  readonly #topics: ReadonlyMap<string, Topic<unknown, unknown>>;
  readonly #limits: BatchLimits & { readonly policy: ResolvedSinkErrorPolicy };
  readonly #deadLetters: SinkDeadLetters;
  readonly #open = new Map<string, SinkPartition>();
  readonly #committed = new Map<string, number>();

  constructor(
    writer: SinkWriter,
    topics: ReadonlyMap<string, Topic<unknown, unknown>>,
    limits: BatchLimits & { readonly policy: ResolvedSinkErrorPolicy },
    deadLetters: SinkDeadLetters,
  ) {
    this.#writer = writer;
    this.#topics = topics;
    this.#limits = limits;
    this.#deadLetters = deadLetters;
  }

  /** All that are open. */
  get all(): readonly SinkPartition[] {
    return [...this.#open.values()];
  }

  has({ topic, partition }: TopicPartition): boolean {
    return this.#open.has(partitionKey(topic, partition));
  }

  /**
   * Opens partitions in the writer, which fences their former owners, and finds out where to go on.
   *
   * @throws whatever `SinkWriter.open` throws; then those that were opened before it stay open.
   */
  async open(partitions: readonly TopicPartition[], group: GroupMetadata, offsets: StartOffsets): Promise<void> {
    const fresh = partitions.filter((each) => !this.has(each));
    const { generationId, memberId } = group;
    const own: (number | undefined)[] = [];
    for (const each of fresh) own.push(await this.#writer.open(each, { generationId, memberId }));
    const unknown = fresh.filter((_each, nth) => own[nth] === undefined);
    const committed = unknown.length === 0 ? [] : await offsets.committed(unknown);
    const earliest = unknown.length === 0 ? [] : await offsets.earliest(unknown);
    const starts = new Map(
      unknown.map(({ topic, partition }, nth) => {
        const first = earliest[nth] as { readonly offset: number };
        return [partitionKey(topic, partition), committed[nth]?.offset ?? first.offset];
      }),
    );
    fresh.forEach(({ topic, partition }, nth) => {
      const start = own[nth] ?? starts.get(partitionKey(topic, partition)) ?? 0;
      const contract = this.#topics.get(topic) as Topic<unknown, unknown>;
      const opened = new SinkPartition(contract, partition, start, this.#limits, (records, error) => {
        if (this.#limits.policy.onDeserializationError === 'stop-app')
          throw unreadable(topic, partition, records, error);
        this.#deadLetters.sendUnreadable({ topic: contract, partition }, records, error);
      });
      this.#open.set(partitionKey(topic, partition), opened);
    });
  }

  /** Closes partitions in the writer and forgets what was fetched for them; those that are not open are ignored. */
  async close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const { topic, partition } of partitions) {
      const key = partitionKey(topic, partition);
      if (!this.#open.delete(key)) continue;
      this.#committed.delete(key);
      await this.#writer.close({ topic, partition });
    }
  }

  add(batch: FetchedBatch): void {
    this.#open.get(partitionKey(batch.topic, batch.partition))?.add(batch);
  }

  /** What the fetcher is to read: all that are open, each from where `position` says or, at first, from its start. */
  toFetch(position: (partition: TopicPartition) => number | undefined): AssignedPartition[] {
    return this.all.map(({ topic: { name }, partition, writtenOffset }) => {
      const place = { topic: name, partition };
      return { ...place, offset: position(place) ?? writtenOffset };
    });
  }

  /** Durable offsets that the group does not have yet. */
  offsetsToCommit(): OffsetToCommit[] {
    return this.all.flatMap(({ topic: { name }, partition }) => {
      const place = { topic: name, partition };
      const offset = this.#writer.durableOffset(place);
      const known = this.#committed.get(partitionKey(name, partition)) ?? -1;
      return offset === undefined || offset <= known ? [] : [{ ...place, offset }];
    });
  }

  /** The group has these now. */
  committed(offsets: readonly OffsetToCommit[]): void {
    for (const { topic, partition, offset } of offsets) this.#committed.set(partitionKey(topic, partition), offset);
  }
}

function unreadable(topic: string, partition: number, { cursor }: CommittedRecords, cause: unknown): FatalError {
  const { offset } = cursor;
  return new FatalError(
    'MR_RECORD_UNREADABLE',
    `the record at ${topic}-${partition}@${offset} cannot be read (${describeError(cause)}), and the sink's policy is to stop then`,
    { cause, place: { topic, partition, offset } },
  );
}
