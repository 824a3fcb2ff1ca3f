import { isMillraceError, sleep, type Clock } from '@millrace/kernel';
import type { HealthIndicatorResult } from '@nestjs/terminus';
import type { HealthIndicator, HealthReport } from './health-indicator.js';

/** What is asked. */
export type HealthQuestion = 'liveness' | 'readiness';

/**
 * Asks an indicator and never throws: one that fails or does not answer in time is down. Says of a failure only its code or
 * class, since anybody may read the answer.
 *
 * @param key Under which the answer stands.
 * @param timeoutMs An orchestrator waits for one second by default.
 */
export async function checkIndicator(
  indicator: HealthIndicator,
  question: HealthQuestion,
  { key, timeoutMs, clock }: { readonly key: string; readonly timeoutMs: number; readonly clock: Clock },
): Promise<HealthIndicatorResult> {
  const answered = new AbortController();
  const overdue = sleep(clock, timeoutMs, answered.signal).then((): HealthReport => ({
    isHealthy: false,
    details: { problem: `no answer within ${timeoutMs} ms` },
  }));
  // It rejects when the answer came first.
  overdue.catch(() => undefined);
  try {
    const { isHealthy, details } = await Promise.race([Promise.resolve(indicator[question]?.()), overdue]).then(
      (report) => report ?? { isHealthy: true, details: {} },
    );
    return { [key]: { ...details, status: isHealthy ? 'up' : 'down' } };
  } catch (error) {
    const problem = isMillraceError(error) ? error.code : error instanceof Error ? error.name : 'an unknown failure';
    return { [key]: { problem, status: 'down' } };
  } finally {
    answered.abort();
  }
}
