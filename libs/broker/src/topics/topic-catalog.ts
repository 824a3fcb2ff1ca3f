import { join } from 'node:path';
import type { Clock, Random } from '@millrace/kernel';
import type { TailCache } from '../log/tail-cache.js';
import { Partition } from '../partition/partition.js';
import { FILE_SYSTEM, type Disk } from '../storage/disk.js';
import type { Journal } from '../storage/journal.js';
import type { JournalEntry } from '../storage/journal-entry.js';
import { randomUuid } from './identifiers.js';
import { TopicConfig } from './topic-config.js';

/** A topic with its open partitions. */
export interface Topic {
  readonly name: string;
  /** 32 hexadecimal digits; a topic that is deleted and created again gets another one. */
  readonly id: string;
  readonly config: TopicConfig;
  readonly partitions: readonly Partition[];
}

export interface TopicCatalogOptions {
  /** The folder of all topics' folders; absent: everything in memory. */
  readonly directory: string | undefined;
  /** Default: the file system of this machine. */
  readonly disk?: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly cache: TailCache;
  /** Settings that hold for each topic that does not set them itself. */
  readonly brokerDefaults: Readonly<Record<string, string>>;
  readonly syncSealed: boolean;
}

type CreatedEntry = Extract<JournalEntry, { type: 'topic-created' }>;

/**
 * All topics of the broker.
 *
 * A topic exists once the journal says so, and is gone once the journal says so; folders that no living topic owns are
 * removed when the broker opens.
 */
export class TopicCatalog {
  readonly #options: TopicCatalogOptions;
  readonly #byName = new Map<string, Topic>();
  readonly #byId = new Map<string, Topic>();
  readonly #recovered = new Map<string, CreatedEntry>();
  /** Where partitions begin whose first records were deleted, by topic id and partition; of topics that are recovered. */
  readonly #recoveredStarts = new Map<string, ReadonlyMap<number, number>>();
  readonly #deletionListeners: ((topic: Topic) => void)[] = [];
  #journal: Journal | undefined;

  constructor(options: TopicCatalogOptions) {
    this.#options = options;
  }

  /** Takes note of a recovered fact. */
  apply(entry: JournalEntry): void {
    if (entry.type === 'topic-created') this.#recovered.set(entry.id, entry);
    if (entry.type === 'topic-deleted') this.#recovered.delete(entry.id);
    if (entry.type === 'records-deleted') {
      const starts = this.#recoveredStarts.get(entry.id) ?? new Map<number, number>();
      this.#recoveredStarts.set(entry.id, new Map([...starts, [entry.partition, entry.startOffset]]));
    }
  }

  /** Opens the logs of all recovered topics. */
  open(journal: Journal): void {
    this.#journal = journal;
    for (const entry of this.#recovered.values()) this.#openTopic(entry);
    this.#recovered.clear();
    this.#recoveredStarts.clear();
    const { directory, disk = FILE_SYSTEM } = this.#options;
    if (directory === undefined) return;
    disk.makeFolder(directory);
    const owned = new Set(this.all().map((topic) => folderName(topic)));
    for (const name of disk.names(directory)) {
      if (!owned.has(name)) disk.remove(join(directory, name));
    }
  }

  all(): Topic[] {
    return [...this.#byName.values()];
  }

  byName(name: string): Topic | undefined {
    return this.#byName.get(name);
  }

  byId(id: string): Topic | undefined {
    return this.#byId.get(id);
  }

  partition(topic: string, index: number): Partition | undefined {
    return this.#byName.get(topic)?.partitions[index];
  }

  /** @throws {StorageError} (stop-app) when it could not be made durable; then the topic does not exist. */
  create(name: string, partitions: number, configs: Readonly<Record<string, string>>): Topic {
    const id = randomUuid(this.#options.random);
    const entry: CreatedEntry = { type: 'topic-created', name, id, partitions, configs };
    this.#journal?.append(entry);
    return this.#openTopic(entry);
  }

  delete(topic: Topic): void {
    this.#journal?.append({ type: 'topic-deleted', name: topic.name, id: topic.id });
    this.#byName.delete(topic.name);
    this.#byId.delete(topic.id);
    for (const listener of this.#deletionListeners) listener(topic);
    for (const partition of topic.partitions) partition.delete();
    const folder = this.#folder(topic);
    if (folder !== undefined) (this.#options.disk ?? FILE_SYSTEM).remove(folder);
  }

  /**
   * Deletes the records of a partition before an offset.
   *
   * @throws {StorageError} (stop-app) when it could not be made durable; then nothing is deleted.
   */
  deleteRecords({ id }: Topic, partition: Partition, startOffset: number): void {
    if (startOffset <= partition.logStartOffset) return;
    this.#journal?.append({ type: 'records-deleted', id, partition: partition.index, startOffset });
    partition.deleteBefore(startOffset);
  }

  /** The settings that a topic with these of its own would have. */
  configFor(own: Readonly<Record<string, string>>): TopicConfig {
    return new TopicConfig(own, this.#options.brokerDefaults);
  }

  /** Calls `listener` for each topic that is deleted. */
  onDelete(listener: (topic: Topic) => void): void {
    this.#deletionListeners.push(listener);
  }

  *snapshot(): Iterable<JournalEntry> {
    for (const { name, id, partitions, config } of this.all()) {
      yield { type: 'topic-created', name, id, partitions: partitions.length, configs: config.own };
      for (const { index, logStartOffset } of partitions) {
        if (logStartOffset === 0) continue;
        yield { type: 'records-deleted', id, partition: index, startOffset: logStartOffset };
      }
    }
  }

  close(): void {
    for (const topic of this.all()) for (const partition of topic.partitions) partition.close();
  }

  #openTopic(entry: CreatedEntry): Topic {
    const { clock, cache, syncSealed, disk = FILE_SYSTEM } = this.#options;
    const { name, id } = entry;
    const config = this.configFor(entry.configs);
    const folder = this.#folder(entry);
    const partitions = Array.from({ length: entry.partitions }, (_, index) => {
      const directory = folder === undefined ? undefined : join(folder, String(index));
      const { segmentBytes } = config;
      const options = { topic: name, index, clock, config, directory, disk, cache, segmentBytes, syncSealed };
      const partition = new Partition(options);
      partition.deleteBefore(this.#recoveredStarts.get(id)?.get(index) ?? 0);
      return partition;
    });
    const topic: Topic = { name, id, config, partitions };
    this.#byName.set(name, topic);
    this.#byId.set(id, topic);
    return topic;
  }

  #folder(topic: { name: string; id: string }): string | undefined {
    const { directory } = this.#options;
    return directory === undefined ? undefined : join(directory, folderName(topic));
  }
}

/** The id makes it unique; the name, shortened to what every file system takes, is for people. */
function folderName(topic: { name: string; id: string }): string {
  return `${topic.name.slice(0, 100)}-${topic.id}`;
}
