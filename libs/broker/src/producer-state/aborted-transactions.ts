/** A transaction that was aborted, as a partition saw it. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** The offset of the abort marker. */
  readonly lastOffset: number;
  /** The last stable offset after the marker. */
  readonly lastStableOffset: number;
}

/** The aborted transactions of one partition, in the order of their markers (Kafka's transaction index). */
export class AbortedTransactions {
  readonly #transactions: AbortedTransaction[] = [];

  add(transaction: AbortedTransaction): void {
    this.#transactions.push(transaction);
  }

  /** Those with data between two offsets, the second one excluded: what a read-committed reader of the range must skip. */
  within(fromOffset: number, untilOffset: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = [];
    for (let index = this.#firstEndingFrom(fromOffset); index < this.#transactions.length; index++) {
      const transaction = this.#transactions[index] as AbortedTransaction;
      if (transaction.firstOffset < untilOffset) found.push(transaction);
      // Later ones began at or after this stable offset, so none of them reaches into the range.
      if (transaction.lastStableOffset >= untilOffset) break;
    }
    return found;
  }

  #firstEndingFrom(offset: number): number {
    let low = 0;
    let high = this.#transactions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#transactions[middle] as AbortedTransaction).lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
