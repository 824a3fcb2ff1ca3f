import type { Outcome } from './processor-node.js';

/** Does a step for each item, one after the other: in one go, until a step returns a promise; the rest then waits for it. */
export function inOrder<T>(items: Iterable<T>, step: (item: T) => Outcome): Outcome {
  let pending: Promise<void> | undefined;
  for (const item of items) {
    if (pending !== undefined) pending = pending.then(() => step(item));
    else pending = step(item) ?? undefined;
  }
  return pending;
}
