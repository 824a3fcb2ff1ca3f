import { CALL_SECONDS, metricRule, type MetricRule } from './metric-rule.js';

/** Events of the channels `resilience:*`, as far as they are used here. */
export interface ResilienceEvents {
  call: { readonly policy: string; readonly outcome: string; readonly durationMs: number };
  retry: { readonly policy: string; readonly error: string };
  breaker: { readonly policy: string; readonly state: 'closed' | 'half-open' | 'open' };
  timeout: { readonly policy: string };
  bulkhead: { readonly policy: string };
}

const BREAKER_STATES = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Metrics of calls to the outside. */
export const resilienceMetrics: readonly MetricRule[] = [
  metricRule<ResilienceEvents['call']>({
    kind: 'histogram',
    channel: 'resilience:call',
    name: 'millrace_policy_call_duration_seconds',
    help: 'Time of calls through a resilience policy, all tries and waits included, by outcome',
    labels: { policy: ({ policy }) => policy, outcome: ({ outcome }) => outcome },
    buckets: CALL_SECONDS,
    valueOf: ({ durationMs }) => durationMs / 1_000,
  }),
  metricRule<ResilienceEvents['retry']>({
    kind: 'counter',
    channel: 'resilience:retry',
    name: 'millrace_policy_retries_total',
    help: 'Tries that failed and were followed by another, by error code or class',
    labels: { policy: ({ policy }) => policy, error: ({ error }) => error },
  }),
  metricRule<ResilienceEvents['breaker']>({
    kind: 'gauge',
    channel: 'resilience:breaker',
    name: 'millrace_policy_breaker_state',
    help: 'State of the circuit breaker: 0 closed, 1 half-open, 2 open',
    labels: { policy: ({ policy }) => policy },
    update: (gauge, { state }, labels) => gauge.set(labels, BREAKER_STATES[state]),
  }),
  metricRule<ResilienceEvents['timeout']>({
    kind: 'counter',
    channel: 'resilience:timeout',
    name: 'millrace_policy_timeouts_total',
    help: 'Tries that took too long',
    labels: { policy: ({ policy }) => policy },
  }),
  metricRule<ResilienceEvents['bulkhead']>({
    kind: 'counter',
    channel: 'resilience:bulkhead',
    name: 'millrace_policy_bulkhead_refusals_total',
    help: 'Calls that were refused because all places were taken',
    labels: { policy: ({ policy }) => policy },
  }),
];
