import type { StoreSet } from '@millrace/streams';
import type { TaskRole } from './task-directory.js';

/** The stores of a task as this process keeps them: what queries read. */
export interface StoreReplica {
  readonly role: TaskRole;
  /** Whether it can be read now: a task that is being restored in order to run cannot. */
  readonly isReadable: boolean;
  /** How many records of its changelog a store lacks, as far as is known; `Infinity` where nobody knows. 0 where the task is active. */
  lagRecords(store: string): number;
  /** Answers from a store. Throws as {@link StoreSet.query}. */
  readonly query: StoreSet['query'];
}

/**
 * The stores that a standby task keeps up to date, for queries.
 *
 * @param endOffset The end of a changelog as last told by the brokers; `undefined` before they did.
 */
export function standbyReplica(
  stores: StoreSet,
  endOffset: (changelog: { readonly topic: string; readonly partition: number }) => number | undefined,
): StoreReplica {
  return {
    role: 'standby',
    isReadable: true,
    lagRecords: (store) => {
      const changelog = stores.changelogs.find((each) => each.store === store);
      const end = changelog === undefined ? undefined : endOffset(changelog);
      return end === undefined ? Infinity : Math.max(0, end - (stores.restorePosition(store) ?? 0));
    },
    query: (...asked) => stores.query(...asked),
  };
}
