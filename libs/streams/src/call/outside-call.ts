import { TransientError, dispositionOf, isMillraceError, sleep } from '@millrace/kernel';
import type { CallEnvironment } from './call-environment.js';

/**
 * What stands around each try of a call, such as a circuit breaker. An `ExecutionPolicy` of `@millrace/resilience` is one; the
 * engine knows only this much of it.
 */
export interface CallGuard {
  /** Calls `call`, or refuses to; its error is what the try fails with. */
  execute<T>(call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** How a call is made: `retry( guard( timeout( call )))`, so that each try is counted by the guard. */
export interface CallSettings {
  readonly node: string;
  readonly timeoutMs: number;
  /** Tries in all. */
  readonly attempts: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  readonly isRetriable: (error: unknown) => boolean;
  readonly guard: CallGuard | undefined;
}

/**
 * Makes a call until it succeeds, fails for good, or there were enough tries.
 *
 * @param closing Ends it wherever it is waiting.
 * @throws What the last try threw; {@link TransientError} (retry) `MR_DEPENDENCY_TIMEOUT` when its time was over.
 */
export async function callOutside<T>(
  settings: CallSettings,
  environment: CallEnvironment,
  closing: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timed = (signal: AbortSignal): Promise<T> => withinTime(settings, environment, signal, call);
  for (let attempt = 1; ; attempt++) {
    try {
      return await (settings.guard === undefined ? timed(closing) : settings.guard.execute(timed, closing));
    } catch (error) {
      if (closing.aborted || attempt >= settings.attempts || !mayPass(settings, error)) throw error;
      await sleep(environment.clock, pauseMs(settings, environment, attempt, error), closing);
    }
  }
}

/** How long a call may take with all its tries and pauses, in milliseconds; longer where the other side asks for it. */
export function longestCallMs({ attempts, timeoutMs, backoffBaseMs, backoffMaxMs }: CallSettings): number {
  let longestMs = attempts * timeoutMs;
  for (let pause = 0; pause < attempts - 1; pause++) longestMs += Math.min(backoffMaxMs, backoffBaseMs * 2 ** pause);
  return longestMs;
}

/** What has a disposition of its own goes by that; about anything else the settings decide. */
function mayPass({ isRetriable }: CallSettings, error: unknown): boolean {
  return isMillraceError(error) ? dispositionOf(error, 'stop-app') === 'retry' : isRetriable(error);
}

/** Exponential backoff with full jitter (M. Brooker, AWS Architecture Blog, 2015); longer where the other side asks for it. */
function pauseMs(settings: CallSettings, { random }: CallEnvironment, attempt: number, error: unknown): number {
  const askedMs = error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0;
  const mostMs = Math.min(settings.backoffMaxMs, settings.backoffBaseMs * 2 ** (attempt - 1));
  return Math.max(askedMs, random.next() * mostMs);
}

/** One try: rejects the moment its time is over, whether or not the call listens to its signal. */
async function withinTime<T>(
  { node, timeoutMs }: CallSettings,
  { clock }: CallEnvironment,
  outer: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const controller = new AbortController();
  let end!: (error: Error) => void;
  const ended = new Promise<never>((_resolve, reject) => (end = reject));
  const abort = (reason: Error): void => {
    controller.abort(reason);
    end(reason);
  };
  const onAbort = (): void => abort(outer.reason as Error);
  outer.addEventListener('abort', onAbort, { once: true });
  const timer = clock.setTimer(timeoutMs, () => abort(timeoutError(node, timeoutMs)));
  try {
    return await Promise.race([call(controller.signal), ended]);
  } finally {
    timer.cancel();
    outer.removeEventListener('abort', onAbort);
  }
}

function timeoutError(node: string, timeoutMs: number): TransientError {
  return new TransientError(
    'MR_DEPENDENCY_TIMEOUT',
    `a call of '${node}' took longer than ${timeoutMs} ms: see whether the other side is overloaded, or raise the operator's timeout`,
    { place: { node, timeoutMs } },
  );
}
