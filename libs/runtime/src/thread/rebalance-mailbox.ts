import type { MemberShare } from '../assignment/member-share.js';
import type { TopicPartition } from '../assignment/task-layout.js';

/**
 * What the group tells a thread: it is about to rejoin (commit now, then not before `assigned`), has new partitions,
 * must give some up, or has lost some.
 */
export interface RebalanceNotice {
  readonly kind: 'rejoining' | 'assigned' | 'revoked' | 'lost';
  readonly partitions: readonly TopicPartition[];
  /** What came with the partitions, for `assigned`. */
  readonly share?: MemberShare;
}

interface Entry {
  readonly notice: RebalanceNotice;
  readonly done: () => void;
}

/**
 * Hands the notices of the group member, which come at any time, to the loop of the thread, which takes them at a point
 * where its tasks are between two slices.
 *
 * Invariant: the member goes on with its rebalance only when the loop has dealt with the notice, so a partition is given
 * up only after the last commit of its task.
 */
export class RebalanceMailbox {
  readonly #entries: Entry[] = [];
  readonly #arrived: () => void;
  #closed = false;

  /** @param arrived Wakes the loop. */
  constructor(arrived: () => void) {
    this.#arrived = arrived;
  }

  /** Resolves once the loop has dealt with the notice, or will never do so because it has ended. */
  post(notice: RebalanceNotice): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((done) => {
      this.#entries.push({ notice, done });
      this.#arrived();
    });
  }

  /** Deals with all notices in the order of their arrival; one that fails counts as dealt with. */
  async drain(handle: (notice: RebalanceNotice) => Promise<void>): Promise<void> {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      try {
        await handle(entry.notice);
      } finally {
        entry.done();
      }
    }
  }

  /** The loop has ended: nobody waits for it any more. */
  close(): void {
    this.#closed = true;
    for (const entry of this.#entries.splice(0)) entry.done();
  }
}
