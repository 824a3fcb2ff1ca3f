import type { Journal } from '../storage/journal.js';
import type { JournalEntry } from '../storage/journal-entry.js';

/** How many ids are claimed in the journal at once, so that it is not written for each of them (as in Kafka). */
const BLOCK_SIZE = 1000;

/** Hands out producer ids, none of them twice, whatever happens to the broker. */
export class ProducerIds {
  #next = 0;
  #claimedBelow = 0;
  #journal: Journal | undefined;

  /** Takes note of a recovered fact: ids of a block that was claimed before may be in use. */
  apply(entry: JournalEntry): void {
    if (entry.type !== 'producer-ids') return;
    this.#next = entry.nextProducerId;
    this.#claimedBelow = entry.nextProducerId;
  }

  open(journal: Journal): void {
    this.#journal = journal;
  }

  /** @throws {StorageError} (stop-app) when a new block could not be claimed. */
  next(): number {
    if (this.#next === this.#claimedBelow) {
      this.#journal?.append({ type: 'producer-ids', nextProducerId: this.#next + BLOCK_SIZE });
      this.#claimedBelow = this.#next + BLOCK_SIZE;
    }
    return this.#next++;
  }

  *snapshot(): Iterable<JournalEntry> {
    yield { type: 'producer-ids', nextProducerId: this.#claimedBelow };
  }
}
