import { isMillraceError } from '@millrace/kernel';
import type { OffsetToCommit } from '@millrace/client';
import type { PartitionWorker } from './partition-worker.js';

/** What commits are made with. */
export interface CommitContext {
  /** Commits offsets to the group. */
  readonly commit: (offsets: readonly OffsetToCommit[]) => Promise<void>;
  /** A commit has failed in a way that the next one may mend. */
  readonly delayed: (error: Error) => void;
}

/**
 * Commits what workers have settled, one commit after the other, and none between two generations of the group: it would be
 * refused although nothing is lost.
 */
export class CommitSchedule {
  readonly #context: CommitContext;
  #last: Promise<void> = Promise.resolve();
  #isHeld = false;

  constructor(context: CommitContext) {
    this.#context = context;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Lets the commit under way end, and begins none until {@link release}. */
  async hold(): Promise<void> {
    this.#isHeld = true;
    await this.#last;
  }

  release(): void {
    this.#isHeld = false;
  }

  /**
   * Commits after the commit under way. What the group refuses because the generation is over is handled again by the next
   * owner.
   *
   * @returns false when a later commit has to do it.
   * @throws what no later commit can mend, such as missing rights.
   */
  commit(workers: readonly PartitionWorker[]): Promise<boolean> {
    const turn = this.#last.then(() => this.#commitNow(workers));
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  async #commitNow(workers: readonly PartitionWorker[]): Promise<boolean> {
    const due = workers
      .map((worker) => ({ worker, offset: worker.committable }))
      .filter(({ worker, offset }) => offset > worker.committed);
    if (due.length === 0) return true;
    try {
      await this.#context.commit(due.map(({ worker, offset }) => ({ ...worker.place, offset })));
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      if (error.code !== 'MR_GROUP_REBALANCED' && error.disposition !== 'retry') throw error;
      this.#context.delayed(error);
      return false;
    }
    for (const { worker, offset } of due) worker.committed = offset;
    return true;
  }
}
