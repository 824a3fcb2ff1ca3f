import type { Clock } from '@millrace/kernel';
import type { Partition } from '../partition/partition.js';

export interface ParkOptions<T> {
  readonly clock: Clock;
  /** Whose appends may make the wait worthwhile. */
  readonly partitions: readonly Partition[];
  readonly maxWaitMs: number;
  onAbandoned(abandon: () => void): void;
  /** Tries to answer; undefined means to go on waiting, which is not for the last attempt to say. */
  attempt(isLast: boolean): T | undefined;
}

/**
 * Waits for appends instead of asking again and again: after each turn in which one of the partitions grew, `attempt` is
 * called once, and a last time when `maxWaitMs` is over. All appends of a turn cost one attempt.
 */
export function parkUntil<T>(options: ParkOptions<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let isAwake = false;
    let isDone = false;
    const finish = (): void => {
      isDone = true;
      timer.cancel();
      for (const unwatch of unwatches) unwatch();
    };
    const attempt = (isLast: boolean): void => {
      if (isDone) return;
      try {
        const answer = options.attempt(isLast);
        if (answer === undefined) return;
        finish();
        resolve(answer);
      } catch (failure) {
        finish();
        reject(failure instanceof Error ? failure : new Error('a fetch failed', { cause: failure }));
      }
    };
    const wake = (): void => {
      if (isAwake) return;
      isAwake = true;
      queueMicrotask(() => {
        isAwake = false;
        attempt(false);
      });
    };
    const unwatches = options.partitions.map((partition) => partition.watch(wake));
    const timer = options.clock.setTimer(options.maxWaitMs, () => attempt(true), { unref: true });
    options.onAbandoned(finish);
  });
}
