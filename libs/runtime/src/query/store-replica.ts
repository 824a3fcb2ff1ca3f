import type { StoreSet } from '@millrace/streams';
import type { StoreProgress } from '../restore/store-progress.js';
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

/** The stores that a standby task keeps up to date, for queries. */
export function standbyReplica(stores: StoreSet, progress: Pick<StoreProgress, 'lagOf'>): StoreReplica {
  return {
    role: 'standby',
    isReadable: true,
    lagRecords: (store) => progress.lagOf(store) ?? Infinity,
    query: (...asked) => stores.query(...asked),
  };
}
