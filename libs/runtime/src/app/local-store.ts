import type { StateStore, StoreSet } from '@millrace/streams';
import type { StoreProgress } from '../restore/store-progress.js';
import type { StandbyTask } from '../standby/standby-task.js';
import type { ActiveTask } from '../thread/active-task.js';

/** `active`: its task runs here, or is paused; `restoring`: it will, once its stores are complete; `standby`: it is active elsewhere. */
export type StoreRole = 'active' | 'standby' | 'restoring';

/** A store of a task on this process: one partition of what the topology calls by its name. */
export interface LocalStore {
  readonly name: string;
  /** `<topology>/<sub-topology id>_<partition>`. */
  readonly taskId: string;
  readonly partition: number;
  readonly role: StoreRole;
  /** Changelog records that it does not have: 0 for an active one; `undefined` until the end of its changelog is known. */
  readonly lagRecords: number | undefined;
  /** Shared with its task: read it at once, keep no reference to it over an `await`, and never write. */
  readonly store: StateStore;
}

/** The stores of a task that runs, or is being restored. */
export function storesOfActive({ placement, task, progress, isReady }: ActiveTask): LocalStore[] {
  return storesOf(placement, task.storeSet, progress, isReady ? 'active' : 'restoring');
}

/** The stores of a standby. */
export function storesOfStandby({ placement, stores, progress }: StandbyTask): LocalStore[] {
  return storesOf(placement, stores, progress, 'standby');
}

function storesOf(
  { key, partition }: { readonly key: string; readonly partition: number },
  { stores }: StoreSet,
  progress: StoreProgress,
  role: StoreRole,
): LocalStore[] {
  return [...stores].map(([name, store]) => {
    const lagRecords = role === 'active' ? 0 : progress.lagOf(name);
    return { name, taskId: key, partition, role, lagRecords, store };
  });
}
