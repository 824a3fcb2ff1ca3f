import { toMs, type Duration } from '@millrace/kernel';
import type { PolicyOptions } from './policy-options.js';

/** Everything that is wrong with the options of a policy, each with the place of the setting. */
export function checkOptions(place: string, options: PolicyOptions): readonly string[] {
  const { timeout, retry, breaker, bulkhead } = options;
  return [
    ...duration(`${place}.timeout`, timeout),
    ...whole(`${place}.retry.attempts`, retry?.attempts, 1),
    ...duration(`${place}.retry.backoffBase`, retry?.backoffBase),
    ...duration(`${place}.retry.backoffMax`, retry?.backoffMax),
    ...duration(`${place}.breaker.halfOpenAfter`, breaker?.halfOpenAfter),
    ...(breaker === undefined ? [] : breakerProblems(`${place}.breaker`, breaker)),
    ...whole(`${place}.bulkhead.concurrency`, bulkhead?.concurrency, 1),
    ...whole(`${place}.bulkhead.queue`, bulkhead?.queue, 0),
  ];
}

function breakerProblems(place: string, breaker: NonNullable<PolicyOptions['breaker']>): readonly string[] {
  if ('consecutiveFailures' in breaker) return whole(`${place}.consecutiveFailures`, breaker.consecutiveFailures, 1);
  const { failureRate, ofLastCalls } = breaker;
  const isShare = failureRate > 0 && failureRate < 1;
  return [
    ...(isShare ? [] : [`${place}.failureRate is ${failureRate}: it must be between 0 and 1`]),
    ...whole(`${place}.ofLastCalls`, ofLastCalls, 1),
  ];
}

function duration(place: string, value: Duration | undefined): readonly string[] {
  if (value === undefined) return [];
  try {
    return toMs(value) > 0 ? [] : [`${place} is ${value}: it must be longer than 0`];
  } catch {
    return [`${place} is '${String(value)}': use milliseconds or a text such as '250ms', '5s', '10m'`];
  }
}

function whole(place: string, value: number | undefined, least: number): readonly string[] {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return [];
  return [`${place} is ${value}: it must be a whole number of at least ${least}`];
}
