/** A timer that was armed with {@link Clock.setTimer}. */
export interface Timer {
  /** Disarms the timer; a no-op once it has fired. */
  cancel(): void;
}

/**
 * The only source of time. Nothing in the libraries reads `Date.now` or arms `setTimeout` but {@link SystemClock}, so
 * tests and simulations decide what time it is.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. May jump. */
  nowMs(): number;
  /** Milliseconds, with fractions, from an arbitrary origin; never goes back. For durations and timeouts. */
  monotonicMs(): number;
  /** Runs `callback` once, `delayMs` from now at the earliest. A pending timer keeps the process alive unless `unref`. */
  setTimer(delayMs: number, callback: () => void, options?: { unref?: boolean }): Timer;
}

/** The machine's own clock. */
export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  setTimer(delayMs: number, callback: () => void, options?: { unref?: boolean }): Timer {
    const handle = setTimeout(callback, delayMs);
    if (options?.unref === true) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  }
}

/** Waits `ms` on `clock`; rejects with the signal's reason when `signal` aborts first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.setTimer(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
