import { join } from 'node:path';
import type { ResolvedOptions } from './broker-options.js';
import { GroupCoordinator } from './group/group-coordinator.js';
import { TailCache } from './log/tail-cache.js';
import type { DiskLock } from './storage/disk.js';
import { Journal } from './storage/journal.js';
import type { JournalEntry } from './storage/journal-entry.js';
import { randomUuid } from './topics/identifiers.js';
import { TopicCatalog } from './topics/topic-catalog.js';
import { TransactionCoordinator } from './transaction/transaction-coordinator.js';

/**
 * Everything that the broker knows, opened from its state directory or new.
 *
 * ```text
 * <state>/broker.lock              who uses the directory
 * <state>/journal-<n>.log          topics, committed offsets, transactions
 * <state>/topics/<name>-<id>/<partition>/<first offset>.log
 * ```
 *
 * Recovery: the journal says which topics exist; their logs are scanned, which also rebuilds producers and open
 * transactions; then transactions that were decided are finished.
 */
export class BrokerState {
  readonly clusterId: string;
  readonly topics: TopicCatalog;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly #journal: Journal;
  readonly #lock: DiskLock | undefined;

  private constructor(options: ResolvedOptions) {
    const { stateDir, disk, clock, random, maxMessageBytes, transactionVersion, fsync } = options;
    const syncOnCommit = fsync === 'commit';
    if (stateDir !== undefined) disk.makeFolder(stateDir);
    this.#lock = stateDir === undefined ? undefined : disk.lock(stateDir);
    try {
      this.topics = new TopicCatalog({
        directory: stateDir === undefined ? undefined : join(stateDir, 'topics'),
        disk,
        clock,
        random,
        cache: new TailCache(options.maxCachedBytes),
        brokerDefaults: { 'max.message.bytes': String(maxMessageBytes) },
        syncSealed: syncOnCommit,
      });
      const initialRebalanceDelayMs = options.groupInitialRebalanceDelayMs;
      this.groups = new GroupCoordinator({ clock, random, initialRebalanceDelayMs });
      const { topics } = this;
      const { offsets } = this.groups;
      this.transactions = new TransactionCoordinator({ clock, topics, offsets, syncOnCommit, transactionVersion });
      let clusterId: string | undefined;
      const apply = (entry: JournalEntry): void => {
        if (entry.type === 'cluster') clusterId = entry.clusterId;
        this.topics.apply(entry);
        this.groups.apply(entry);
        this.transactions.apply(entry);
      };
      this.#journal = Journal.open(stateDir, apply, { disk });
      this.clusterId = clusterId ?? Buffer.from(randomUuid(random), 'hex').toString('base64url');
      if (clusterId === undefined) this.#journal.append({ type: 'cluster', clusterId: this.clusterId });
    } catch (failure) {
      this.#lock?.release();
      throw failure;
    }
  }

  /** @throws {FatalError} (stop-app) when the directory is in use or cannot be used. */
  static open(options: ResolvedOptions): BrokerState {
    const state = new BrokerState(options);
    try {
      state.#open();
      return state;
    } catch (failure) {
      state.close();
      throw failure;
    }
  }

  /** Closes all files and gives the directory free. */
  close(): void {
    this.groups.close();
    this.transactions.close();
    this.topics.close();
    this.#journal.close();
    this.#lock?.release();
  }

  #open(): void {
    this.#journal.snapshotFrom(() => this.#snapshot());
    this.topics.open(this.#journal);
    this.topics.onDelete((topic) => this.groups.offsets.forgetTopic(topic.name));
    this.groups.open(this.#journal);
    this.transactions.open(this.#journal);
  }

  *#snapshot(): Iterable<JournalEntry> {
    yield { type: 'cluster', clusterId: this.clusterId };
    yield* this.topics.snapshot();
    yield* this.groups.snapshot();
    yield* this.transactions.snapshot();
  }
}
