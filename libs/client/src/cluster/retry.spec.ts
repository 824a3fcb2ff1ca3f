import { describe, expect, it } from '@jest/globals';
import { FatalError, ManualClock, SeededRandom, TransientError } from '@millrace/kernel';
import { backoffMs, retrying, type RetryContext } from './retry.js';

const OPTIONS = { retryBackoffMs: 100, retryBackoffMaxMs: 1_000 };

function context(clock: ManualClock, signal = new AbortController().signal): RetryContext {
  return { ...OPTIONS, clock, random: new SeededRandom(1), signal };
}

/** Lets everything run that does not wait for the clock, then moves the clock to the next timer. */
async function runOn(clock: ManualClock, isOver: () => boolean): Promise<void> {
  for (let step = 0; step < 1_000 && !isOver(); step++) {
    await new Promise((resolve) => setImmediate(resolve));
    const next = clock.nextTimerMs();
    if (next !== undefined) clock.advanceTo(next);
  }
}

describe('backoffMs', () => {
  it('doubles up to the greatest wait, give or take a fifth', () => {
    const random = new SeededRandom(7);
    for (const [attempt, expectedMs] of [
      [1, 100],
      [2, 200],
      [3, 400],
      [4, 800],
      [5, 1_000],
      [500, 1_000],
    ] as const) {
      const waitMs = backoffMs(attempt, OPTIONS, random);
      expect(waitMs).toBeGreaterThanOrEqual(0.8 * expectedMs);
      expect(waitMs).toBeLessThanOrEqual(1.2 * expectedMs);
    }
  });

  it('gives two clients different waits', () => {
    expect(backoffMs(3, OPTIONS, new SeededRandom(1))).not.toBe(backoffMs(3, OPTIONS, new SeededRandom(2)));
  });
});

describe('retrying', () => {
  const broken = new TransientError('MR_NETWORK_DISCONNECTED', 'the line is dead');

  it('tries again until it succeeds', async () => {
    const clock = new ManualClock();
    let result: number | undefined;
    const run = retrying(context(clock), 'test', 10_000, async (attempt) => {
      if (attempt < 4) throw broken;
      return attempt;
    }).then((attempt) => (result = attempt));

    await runOn(clock, () => result !== undefined);
    await run;

    expect(result).toBe(4);
    expect(clock.nowMs()).toBeGreaterThan(0.8 * (100 + 200 + 400));
  });

  it('throws the last error once the time is over', async () => {
    const clock = new ManualClock();
    let failure: unknown;
    const run = retrying(context(clock), 'test', 2_000, () => Promise.reject(broken)).catch(
      (error: unknown) => (failure = error),
    );

    await runOn(clock, () => failure !== undefined);
    await run;

    expect(failure).toBe(broken);
    expect(clock.nowMs()).toBeLessThan(2_000);
  });

  it('waits as long as the other side asks for', async () => {
    const clock = new ManualClock();
    let attempts = 0;
    let done = false;
    const run = retrying(context(clock), 'test', 10_000, async () => {
      if (++attempts === 1) throw new TransientError('MR_BROKER_RETRIABLE', 'busy', { retryAfterMs: 5_000 });
      done = true;
    });

    await runOn(clock, () => done);
    await run;

    expect(clock.nowMs()).toBe(5_000);
  });

  it.each([
    new FatalError('MR_BROKER_REFUSED', 'no'),
    new TransientError('MR_TRANSACTION_ABORTABLE', 'abort first'),
    new Error('a bug'),
  ])('does not repeat what failed for good: %s', async (error) => {
    let attempts = 0;

    const run = retrying(context(new ManualClock()), 'test', 10_000, () => {
      attempts++;
      return Promise.reject(error);
    });

    await expect(run).rejects.toBe(error);
    expect(attempts).toBe(1);
  });

  it('ends its wait when it is told to stop', async () => {
    const stopping = new AbortController();
    const reason = new Error('stopped');
    const run = retrying(context(new ManualClock(), stopping.signal), 'test', 10_000, () => Promise.reject(broken));

    queueMicrotask(() => setImmediate(() => stopping.abort(reason)));

    await expect(run).rejects.toBe(reason);
  });
});
