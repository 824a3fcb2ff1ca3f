import { TransientError, type Clock } from '@millrace/kernel';
import { resilienceChannels } from '../diagnostics/channels.js';

/** What {@link withTimeout} needs. */
export interface TimeoutSettings {
  readonly policy: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Runs `call` with a signal of its own that aborts when the time is over or when `signal` does.
 *
 * The promise rejects at that very moment, whether or not the call listens to its signal; how a call that goes on ends is
 * ignored then. The signal does not abort after the call has returned, so its result may go on using it.
 *
 * cockatiel's own timeout policy is not used because it runs on the machine's timers and reports a caller's abort as a timeout.
 *
 * @throws {TransientError} (retry) `MR_DEPENDENCY_TIMEOUT` when the time is over.
 */
export async function withTimeout<T>(
  { policy, timeoutMs, clock }: TimeoutSettings,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let expire!: (error: Error) => void;
  const expired = new Promise<never>((_resolve, reject) => (expire = reject));
  const timer = clock.setTimer(timeoutMs, () => {
    const error = timeoutError(policy, timeoutMs);
    resilienceChannels.timeout.publish({ policy, timeoutMs });
    controller.abort(error);
    expire(error);
  });
  try {
    return await Promise.race([call(controller.signal), expired]);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

function timeoutError(policy: string, timeoutMs: number): TransientError {
  return new TransientError(
    'MR_DEPENDENCY_TIMEOUT',
    `a call through the policy '${policy}' took longer than ${timeoutMs} ms: see whether the other side is overloaded, or raise the policy's timeout`,
    { place: { policy, timeoutMs } },
  );
}
