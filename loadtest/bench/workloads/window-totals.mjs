import { eventOf, STRIDE, USERS } from './events.mjs';

/** Stands for a window of which everything has come. */
const COMPLETE = Symbol('complete');

/**
 * Checks counts and sums by user and window as they come: each total must hold more events of its user than the one before, no more
 * than there are, and the sum of just these. So an event that is counted twice, lost or counted elsewhere is found.
 *
 * Holds only windows of which something is missing.
 */
export class WindowTotals {
  /** Events that are in the totals so far. */
  counted = 0;
  /** Totals that were wrong, and what the first one was. */
  mistakes = 0;
  firstMistake;
  #recordsPerWindow;
  #totalRecords;
  #windows = new Map();
  /** By user: the number of its first event. */
  #firstOfUser = new Int32Array(USERS);

  /** @param recordsPerWindow how many events in a row belong to one window. The last window may have fewer. */
  constructor({ recordsPerWindow, totalRecords }) {
    this.#recordsPerWindow = recordsPerWindow;
    this.#totalRecords = totalRecords;
    for (let n = 0; n < USERS; n++) this.#firstOfUser[(n * STRIDE) % USERS] = n;
  }

  /** @returns the number of the latest event in the total; undefined when it is wrong. */
  take(user, window, { count, sum }) {
    const begin = window * this.#recordsPerWindow;
    const end = Math.min(this.#totalRecords, begin + this.#recordsPerWindow);
    const totals = this.#totalsOf(window, end - begin);
    if (totals === COMPLETE) return this.#mistake(user, window, `${count} events after all there are`);
    const known = totals.counts[user];
    const first = begin + ((((this.#firstOfUser[user] - begin) % USERS) + USERS) % USERS);
    const latest = first + (count - 1) * USERS;
    if (!(count > known && latest < end)) return this.#mistake(user, window, `${count} events after ${known}`);
    for (let n = first + known * USERS; n <= latest; n += USERS) totals.sums[user] += eventOf(n).amount;
    if (sum !== totals.sums[user]) this.#mistake(user, window, `a sum of ${sum} instead of ${totals.sums[user]}`);
    totals.counts[user] = count;
    this.counted += count - known;
    totals.missing -= count - known;
    if (totals.missing === 0) this.#windows.set(window, COMPLETE);
    return latest;
  }

  #totalsOf(window, records) {
    let totals = this.#windows.get(window);
    if (totals === undefined) {
      totals = { missing: records, counts: new Uint32Array(USERS), sums: new Float64Array(USERS) };
      this.#windows.set(window, totals);
    }
    return totals;
  }

  #mistake(user, window, what) {
    this.mistakes++;
    this.firstMistake ??= `user ${user} in window ${window}: ${what}`;
    return undefined;
  }
}
