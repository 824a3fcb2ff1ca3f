import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError, ManualClock, RecordError, SeededRandom, TransientError } from '@millrace/kernel';
import { resilienceChannels } from '../diagnostics/channels.js';
import type { PolicyOptions } from './policy-options.js';
import { createPolicy, type ExecutionPolicy } from './policy.js';

const down = new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'the other side is down');
const refused = new RecordError('MR_RECORD_REJECTED', 'the other side does not take it');

let clock: ManualClock;
let events: object[];
let unsubscribe: (() => void)[];

beforeEach(() => {
  clock = new ManualClock();
  events = [];
  unsubscribe = Object.values(resilienceChannels).map((channel) =>
    channel.subscribe((event: object) => events.push({ ...event })),
  );
});

afterEach(() => unsubscribe.forEach((each) => each()));

function policy(options: PolicyOptions): ExecutionPolicy {
  return createPolicy('weather-api', options, { clock, random: new SeededRandom(1) });
}

/** A call that answers with each of `answers` in turn; errors are thrown. */
function answering(...answers: readonly unknown[]): { call: () => Promise<unknown>; readonly calls: number } {
  let calls = 0;
  return {
    call: async () => {
      const answer = answers[Math.min(calls++, answers.length - 1)];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    get calls() {
      return calls;
    },
  };
}

/** Lets everything run that is ready, then moves the clock to the next timer, until `promise` has settled. */
async function driven<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settled = promise.finally(() => (isSettled = true));
  settled.catch(() => undefined);
  while (!isSettled) {
    await new Promise(setImmediate);
    const nextMs = clock.nextTimerMs();
    if (!isSettled && nextMs !== undefined) clock.advanceTo(nextMs);
  }
  return settled;
}

const never = (): Promise<never> => new Promise(() => undefined);

describe('a policy with nothing in it', () => {
  it('passes results and errors through', async () => {
    const plain = policy({});
    expect(await plain.execute(async () => 5)).toBe(5);
    await expect(plain.execute(answering(refused).call)).rejects.toBe(refused);
    expect(plain.breakerState).toBe('closed');
  });
});

describe('retry', () => {
  it('tries again until the call succeeds, waiting longer each time', async () => {
    const service = answering(down, down, 'sunny');
    const retrying = policy({ retry: { attempts: 5, backoffBase: '100ms' } });
    expect(await driven(retrying.execute(service.call))).toBe('sunny');
    expect(service.calls).toBe(3);
    const random = new SeededRandom(1);
    expect(events).toMatchObject([
      { policy: 'weather-api', attempt: 1, delayMs: random.next() * 100, error: 'MR_DEPENDENCY_UNAVAILABLE' },
      { policy: 'weather-api', attempt: 2, delayMs: random.next() * 200 },
      { policy: 'weather-api', outcome: 'succeeded', attempts: 3 },
    ]);
  });

  it('gives up after the last try with the error of that try', async () => {
    const service = answering(down);
    await expect(driven(policy({ retry: { attempts: 3 } }).execute(service.call))).rejects.toBe(down);
    expect(service.calls).toBe(3);
    expect(events.at(-1)).toMatchObject({ outcome: 'failed', attempts: 3 });
  });

  it('does not try again what failed for good', async () => {
    const service = answering(refused);
    await expect(policy({ retry: { attempts: 3 } }).execute(service.call)).rejects.toBe(refused);
    expect(service.calls).toBe(1);
  });

  it('tries again what the classifier calls retriable', async () => {
    const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    const service = answering(reset, 'sunny');
    const isRetriable = (error: unknown): boolean => (error as { code?: string }).code === 'ECONNRESET';
    expect(await driven(policy({ retry: { attempts: 2 }, isRetriable }).execute(service.call))).toBe('sunny');
  });

  it('waits as long as the other side asked for', async () => {
    const busy = new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'busy', { retryAfterMs: 900 });
    await driven(policy({ retry: { attempts: 2 } }).execute(answering(busy, 'sunny').call));
    expect(events[0]).toMatchObject({ delayMs: 900 });
  });

  it('gives up at once when that is longer than any wait may be', async () => {
    const busy = new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'busy', { retryAfterMs: 60_000 });
    const service = answering(busy, 'sunny');
    await expect(policy({ retry: { attempts: 2 } }).execute(service.call)).rejects.toBe(busy);
    expect(service.calls).toBe(1);
  });

  it('stops waiting when the caller aborts', async () => {
    const controller = new AbortController();
    const service = answering(down);
    const running = policy({ retry: { attempts: 2 } }).execute(service.call, controller.signal);
    await new Promise(setImmediate);
    const reason = new Error('shutting down');
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(service.calls).toBe(1);
    expect(clock.nextTimerMs()).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ outcome: 'aborted' });
  });

  it('does not call at all when the caller has aborted before', async () => {
    const service = answering('sunny');
    const reason = new Error('shutting down');
    await expect(policy({}).execute(service.call, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(service.calls).toBe(0);
  });
});

describe('timeout', () => {
  it('rejects a try that takes too long and aborts its signal', async () => {
    let signalOfTry: AbortSignal | undefined;
    const running = policy({ timeout: '2s' }).execute((signal) => {
      signalOfTry = signal;
      return never();
    });
    await expect(driven(running)).rejects.toMatchObject({
      code: 'MR_DEPENDENCY_TIMEOUT',
      disposition: 'retry',
      message: expect.stringContaining("the policy 'weather-api' took longer than 2000 ms"),
    });
    expect(signalOfTry?.aborted).toBe(true);
    expect(clock.nowMs()).toBe(2_000);
    expect(events[0]).toEqual({ policy: 'weather-api', timeoutMs: 2_000 });
  });

  it('is for each try, not for all of them', async () => {
    let calls = 0;
    const call = (): Promise<string> => (++calls < 3 ? never() : Promise.resolve('sunny'));
    const patient = policy({ timeout: '2s', retry: { attempts: 3 } });
    expect(await driven(patient.execute(call))).toBe('sunny');
  });

  it('leaves no timer behind and does not abort a signal whose call has returned', async () => {
    let signalOfTry: AbortSignal | undefined;
    await policy({ timeout: '2s' }).execute(async (signal) => {
      signalOfTry = signal;
    });
    expect(clock.nextTimerMs()).toBeUndefined();
    expect(signalOfTry?.aborted).toBe(false);
  });

  it('tells an abort of the caller from running out of time', async () => {
    const controller = new AbortController();
    let signalOfTry: AbortSignal | undefined;
    const running = policy({ timeout: '2s' }).execute((signal) => {
      signalOfTry = signal;
      return never();
    }, controller.signal);
    await new Promise(setImmediate);
    const reason = new Error('shutting down');
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(signalOfTry?.reason).toBe(reason);
    expect(events).toMatchObject([{ outcome: 'aborted' }]);
  });
});

describe('breaker', () => {
  const breaker = { consecutiveFailures: 3, halfOpenAfter: '10s' } as const;

  async function fail(through: ExecutionPolicy, times: number): Promise<void> {
    for (let nth = 0; nth < times; nth++) await through.execute(answering(down).call).catch(() => undefined);
  }

  it('opens after the failures in a row and refuses calls, saying when to come back', async () => {
    const guarded = policy({ breaker });
    await fail(guarded, 3);
    expect(guarded.breakerState).toBe('open');
    clock.advance(4_000);
    const service = answering('sunny');
    await expect(guarded.execute(service.call)).rejects.toMatchObject({
      code: 'MR_CIRCUIT_OPEN',
      disposition: 'retry',
      retryAfterMs: 6_000,
    });
    expect(service.calls).toBe(0);
    expect(events.at(-1)).toMatchObject({ outcome: 'refused', attempts: 1 });
  });

  it('lets one call through after a while and closes when that succeeds', async () => {
    const guarded = policy({ breaker });
    await fail(guarded, 3);
    clock.advance(10_000);
    expect(await guarded.execute(answering('sunny').call)).toBe('sunny');
    expect(guarded.breakerState).toBe('closed');
    expect(events.filter((event) => 'state' in event)).toEqual([
      { policy: 'weather-api', state: 'open' },
      { policy: 'weather-api', state: 'half-open' },
      { policy: 'weather-api', state: 'closed' },
    ]);
  });

  it('opens again for the whole time when that call fails', async () => {
    const guarded = policy({ breaker });
    await fail(guarded, 3);
    clock.advance(10_000);
    await fail(guarded, 1);
    expect(guarded.breakerState).toBe('open');
    clock.advance(9_999);
    await expect(guarded.execute(answering('sunny').call)).rejects.toMatchObject({ retryAfterMs: 1 });
    clock.advance(1);
    expect(await guarded.execute(answering('sunny').call)).toBe('sunny');
  });

  it('stays closed while calls succeed in between, or fail in a way that is an answer', async () => {
    const guarded = policy({ breaker });
    await fail(guarded, 2);
    await guarded.execute(answering('sunny').call);
    await fail(guarded, 2);
    for (let nth = 0; nth < 5; nth++) await expect(guarded.execute(answering(refused).call)).rejects.toBe(refused);
    expect(guarded.breakerState).toBe('closed');
  });

  it('counts time-outs', async () => {
    const guarded = policy({ breaker, timeout: '1s' });
    for (let nth = 0; nth < 3; nth++) await driven(guarded.execute(never)).catch(() => undefined);
    expect(guarded.breakerState).toBe('open');
  });

  it('is not waited for by the retry', async () => {
    const guarded = policy({ breaker, retry: { attempts: 10 } });
    const service = answering(down);
    await expect(driven(guarded.execute(service.call))).rejects.toMatchObject({ code: 'MR_CIRCUIT_OPEN' });
    expect(service.calls).toBe(3);
  });

  it('can open by the share of failures among the last calls', async () => {
    const guarded = policy({ breaker: { failureRate: 0.5, ofLastCalls: 4, halfOpenAfter: '10s' } });
    await fail(guarded, 1);
    await guarded.execute(answering('sunny').call);
    await guarded.execute(answering('sunny').call);
    await fail(guarded, 1);
    expect(guarded.breakerState).toBe('closed');
    await fail(guarded, 2);
    expect(guarded.breakerState).toBe('open');
  });

  it('does not run a call that its caller aborted while it waited for the half-open one', async () => {
    const guarded = policy({ breaker });
    await fail(guarded, 3);
    clock.advance(10_000);
    let answer!: (text: string) => void;
    const first = guarded.execute(() => new Promise<string>((resolve) => (answer = resolve)));
    const controller = new AbortController();
    const service = answering('late');
    const second = guarded.execute(service.call, controller.signal);
    await new Promise(setImmediate);
    const reason = new Error('shutting down');
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    answer('sunny');
    expect(await first).toBe('sunny');
    await new Promise(setImmediate);
    expect(service.calls).toBe(0);
  });
});

describe('bulkhead', () => {
  it('refuses what has neither a place nor a waiting place', async () => {
    const bounded = policy({ bulkhead: { concurrency: 1, queue: 1 } });
    let finish!: (text: string) => void;
    const running = bounded.execute(() => new Promise<string>((resolve) => (finish = resolve)));
    const waiting = bounded.execute(answering('second').call);
    await expect(bounded.execute(answering('third').call)).rejects.toMatchObject({ code: 'MR_DEPENDENCY_UNAVAILABLE' });
    expect(events).toContainEqual({ policy: 'weather-api', concurrency: 1, queue: 1 });
    finish('first');
    expect(await Promise.all([running, waiting])).toEqual(['first', 'second']);
  });

  it('holds no place while a call waits for its next try', async () => {
    const bounded = policy({ bulkhead: { concurrency: 1 }, retry: { attempts: 2 } });
    const retried = bounded.execute(answering(down, 'sunny').call);
    await new Promise(setImmediate);
    expect(await bounded.execute(answering('other').call)).toBe('other');
    expect(await driven(retried)).toBe('sunny');
  });

  it('does not make the breaker open', async () => {
    const bounded = policy({ bulkhead: { concurrency: 1 }, breaker: { consecutiveFailures: 1, halfOpenAfter: '1s' } });
    let finish!: (text: string) => void;
    const running = bounded.execute(() => new Promise<string>((resolve) => (finish = resolve)));
    await expect(bounded.execute(answering('x').call)).rejects.toMatchObject({ code: 'MR_DEPENDENCY_UNAVAILABLE' });
    expect(bounded.breakerState).toBe('closed');
    finish('done');
    await running;
  });
});

describe('createPolicy', () => {
  it('lists everything that is wrong with its options', () => {
    const create = (): ExecutionPolicy =>
      policy({
        timeout: '5 seconds' as never,
        retry: { attempts: 0, backoffBase: -1 },
        breaker: { failureRate: 2, ofLastCalls: 0.5, halfOpenAfter: 0 },
        bulkhead: { concurrency: 0, queue: -1 },
      });
    expect(create).toThrow(ConfigurationError);
    try {
      create();
    } catch (error) {
      expect((error as ConfigurationError).problems).toEqual([
        "weather-api.timeout is '5 seconds': use milliseconds or a text such as '250ms', '5s', '10m'",
        'weather-api.retry.attempts is 0: it must be a whole number of at least 1',
        "weather-api.retry.backoffBase is '-1': use milliseconds or a text such as '250ms', '5s', '10m'",
        'weather-api.breaker.halfOpenAfter is 0: it must be longer than 0',
        'weather-api.breaker.failureRate is 2: it must be between 0 and 1',
        'weather-api.breaker.ofLastCalls is 0.5: it must be a whole number of at least 1',
        'weather-api.bulkhead.concurrency is 0: it must be a whole number of at least 1',
        'weather-api.bulkhead.queue is -1: it must be a whole number of at least 0',
      ]);
    }
  });
});
