import type { Journal } from '../storage/journal.js';
import type { JournalEntry, TransactionEntry } from '../storage/journal-entry.js';
import { newTransaction, Transaction, type TransactionChange } from './transaction.js';

/** All transactional ids, and the one way to change them: journal first, memory after. */
export class TransactionRegistry {
  readonly #transactions = new Map<string, Transaction>();
  #journal: Journal | undefined;

  /** Takes note of a recovered fact. It was told when it happened: nothing is published now. */
  apply(entry: JournalEntry): void {
    if (entry.type === 'transaction') this.#transactions.set(entry.transactionalId, new Transaction(entry));
  }

  open(journal: Journal): void {
    this.#journal = journal;
  }

  *snapshot(): Iterable<JournalEntry> {
    for (const { entry } of this.#transactions.values()) if (entry.producerEpoch >= 0) yield entry;
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#transactions.get(transactionalId);
  }

  all(): Transaction[] {
    return [...this.#transactions.values()];
  }

  add(transactionalId: string, producerId: number, timeoutMs: number): Transaction {
    const transaction = new Transaction(newTransaction(transactionalId, producerId, timeoutMs));
    this.#transactions.set(transactionalId, transaction);
    return transaction;
  }

  /** @throws {StorageError} (stop-app) when the change could not be made durable; then it did not happen. */
  change(transaction: Transaction, change: TransactionChange): TransactionEntry {
    const entry = transaction.changed(change);
    this.#journal?.append(entry);
    transaction.moveTo(entry);
    return entry;
  }

  /** Forces the journal to the disk itself. */
  sync(): void {
    this.#journal?.sync();
  }
}
