import { StorageError } from './storage-error.js';

/** Runs `work`; when the state directory fails it, returns `fallback` instead. Other errors pass. */
export function orWhenStorageFails<T>(work: () => T, fallback: () => T): T {
  try {
    return work();
  } catch (failure) {
    if (failure instanceof StorageError) return fallback();
    throw failure;
  }
}
