import { FatalError, TaskError } from '@millrace/kernel';
import type { TopicPartition } from '@millrace/streams';
import type { Execute } from '../execute.js';
import type { ObjectStore } from '../store/object-store.js';
import { decodeEntry, encodeEntry, entriesPrefix, entryKey, type ManifestEntry } from './manifest-entry.js';

/**
 * What an archive holds, as immutable entries in the object store. An entry says where it ends, and so where the next one of
 * its partition begins; that one is created only if there is none. So the entries of a partition are a chain without forks,
 * and whoever adds to it knows that nobody else did.
 */
export class Manifest {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #execute: Execute;

  constructor(store: ObjectStore, prefix: string, execute: Execute) {
    this.#store = store;
    this.#prefix = prefix;
    this.#execute = execute;
  }

  /** The last entry of a partition; undefined when it has none. */
  async last({ topic, partition }: TopicPartition): Promise<ManifestEntry | undefined> {
    const listed = await this.#list(entriesPrefix(this.#prefix, topic, partition));
    const key = listed.at(-1);
    return key === undefined ? undefined : this.#read(key);
  }

  /**
   * All entries, by topic, partition and offset.
   *
   * @param topic Only of this topic. Default: of all.
   * @throws {FatalError} (stop-app) `MR_ARCHIVE_CORRUPT` when an entry is missing or overlaps another one.
   */
  async all(topic?: string): Promise<readonly ManifestEntry[]> {
    const keys = await this.#list(entriesPrefix(this.#prefix, topic));
    const entries: ManifestEntry[] = [];
    for (const key of keys) entries.push(await this.#read(key));
    entries.sort(byPlace);
    checkChains(entries);
    return entries;
  }

  /**
   * Adds an entry to the chain of its partition. Adding the same one again is fine.
   *
   * @throws {TaskError} (restart-task) `MR_SINK_FENCED` when another one begins at its first offset.
   */
  async add(entry: ManifestEntry): Promise<void> {
    const key = entryKey(this.#prefix, entry);
    const bytes = encodeEntry(entry);
    const result = await this.#execute((signal) => this.#store.put(key, bytes, { ifNoneMatch: '*', signal }));
    if (result === 'created') return;
    if (Buffer.from(bytes).equals(encodeEntry(await this.#read(key)))) return;
    const { topic, partition, firstOffset } = entry;
    const message = `another writer has archived ${topic}-${partition} from offset ${firstOffset}; open the partition again`;
    throw new TaskError('MR_SINK_FENCED', message, { place: { topic, partition, offset: firstOffset } });
  }

  async #list(prefix: string): Promise<string[]> {
    const listed = await this.#execute((signal) => this.#store.list(prefix, { signal }));
    return listed.map(({ key }) => key);
  }

  async #read(key: string): Promise<ManifestEntry> {
    const bytes = await this.#execute((signal) => this.#store.get(key, { signal }));
    if (bytes === undefined)
      throw new FatalError('MR_ARCHIVE_CORRUPT', `the manifest entry '${key}' is gone; entries are for ever`);
    return decodeEntry(key, bytes);
  }
}

function byPlace(left: ManifestEntry, right: ManifestEntry): number {
  if (left.topic !== right.topic) return left.topic < right.topic ? -1 : 1;
  return left.partition - right.partition || left.firstOffset - right.firstOffset;
}

function checkChains(entries: readonly ManifestEntry[]): void {
  entries.forEach((entry, nth) => {
    const before = entries[nth - 1];
    if (before?.topic !== entry.topic || before.partition !== entry.partition) return;
    if (entry.firstOffset === before.lastOffset + 1) return;
    const { topic, partition, firstOffset } = entry;
    const flaw = firstOffset > before.lastOffset ? 'an entry is missing' : 'two entries overlap';
    throw new FatalError(
      'MR_ARCHIVE_CORRUPT',
      `the manifest of ${topic}-${partition} does not tile: ${flaw} between ${before.lastOffset} and ${firstOffset}`,
      { place: { topic, partition, offset: firstOffset } },
    );
  });
}
