import { CALL_SECONDS, metricRule, type MetricRule } from './metric-rule.js';

/** Events of the channels `client:*`, as far as they are used here. */
export interface ClientEvents {
  connection: { readonly event: 'opened' | 'closed'; readonly purpose: string };
  request: { readonly api: string; readonly durationMs: number };
  retry: { readonly error: string };
  group: { readonly groupId: string; readonly event: string };
  transaction: { readonly event: string; readonly durationMs: number };
  fetch: { readonly topic: string; readonly event: string };
}

/** The code that a described error begins with; everything else could have any number of values. */
function codeOf(error: string): string {
  return /^MR_[A-Z_]+/.exec(error)?.[0] ?? 'other';
}

/** Metrics of the connections to Kafka. */
export const clientMetrics: readonly MetricRule[] = [
  metricRule<ClientEvents['connection']>({
    kind: 'gauge',
    channel: 'client:connection',
    name: 'millrace_client_connections',
    help: 'Open connections to brokers',
    labels: { purpose: ({ purpose }) => purpose },
    update: (gauge, { event }, labels) => gauge.inc(labels, event === 'opened' ? 1 : -1),
  }),
  metricRule<ClientEvents['connection']>({
    kind: 'counter',
    channel: 'client:connection',
    name: 'millrace_client_connection_events_total',
    help: 'Connections to brokers that were opened and closed',
    labels: { event: ({ event }) => event, purpose: ({ purpose }) => purpose },
  }),
  metricRule<ClientEvents['request']>({
    kind: 'histogram',
    channel: 'client:request',
    name: 'millrace_client_request_duration_seconds',
    help: 'Time from a request to its response',
    labels: { api: ({ api }) => api },
    buckets: CALL_SECONDS,
    valueOf: ({ durationMs }) => durationMs / 1_000,
  }),
  metricRule<ClientEvents['retry']>({
    kind: 'counter',
    channel: 'client:retry',
    name: 'millrace_client_retries_total',
    help: 'Calls to brokers that failed and were tried again, by error code',
    labels: { code: ({ error }) => codeOf(error) },
  }),
  metricRule<ClientEvents['group']>({
    kind: 'counter',
    channel: 'client:group',
    name: 'millrace_client_group_events_total',
    help: 'Changes of the state of group members',
    labels: { group: ({ groupId }) => groupId, event: ({ event }) => event },
  }),
  metricRule<ClientEvents['transaction']>({
    kind: 'histogram',
    channel: 'client:transaction',
    name: 'millrace_client_transaction_duration_seconds',
    help: 'Time from the begin of a transaction to its end, by how it ended',
    labels: { event: ({ event }) => event },
    buckets: CALL_SECONDS,
    valueOf: ({ durationMs }) => durationMs / 1_000,
  }),
  metricRule<ClientEvents['fetch']>({
    kind: 'counter',
    channel: 'client:fetch',
    name: 'millrace_client_fetch_problems_total',
    help: 'Fetches that had to wait, were redirected or failed',
    labels: { topic: ({ topic }) => topic, event: ({ event }) => event },
  }),
];
