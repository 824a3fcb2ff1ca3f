import { metricRule, type MetricRule } from './metric-rule.js';

/** Events of the channels `broker:*`, as far as they are used here. */
export interface BrokerEvents {
  connection: { readonly kind: 'opened' | 'closed' };
  requestRefused: { readonly api: string };
  groupState: { readonly to: string };
  transactionState: { readonly to: string };
  storageFailed: object;
  tornTailTruncated: { readonly droppedBytes: number };
  transactionResumed: { readonly outcome: string };
}

/** Metrics of the embedded broker. */
export const brokerMetrics: readonly MetricRule[] = [
  metricRule<BrokerEvents['connection']>({
    kind: 'gauge',
    channel: 'broker:connection',
    name: 'millrace_broker_connections',
    help: 'Open connections to the embedded broker',
    labels: {},
    update: (gauge, { kind }) => gauge.inc(kind === 'opened' ? 1 : -1),
  }),
  metricRule<BrokerEvents['requestRefused']>({
    kind: 'counter',
    channel: 'broker:request-refused',
    name: 'millrace_broker_requests_refused_total',
    help: 'Requests that the embedded broker could not understand or serve',
    labels: { api: ({ api }) => (/^[A-Z][A-Za-z]+$/.test(api) ? api : 'unknown') },
  }),
  metricRule<BrokerEvents['groupState']>({
    kind: 'counter',
    channel: 'broker:group-state',
    name: 'millrace_broker_group_transitions_total',
    help: 'Changes of the state of groups, by the new state',
    labels: { to: ({ to }) => to },
  }),
  metricRule<BrokerEvents['transactionState']>({
    kind: 'counter',
    channel: 'broker:transaction-state',
    name: 'millrace_broker_transaction_transitions_total',
    help: 'Changes of the state of transactions, by the new state',
    labels: { to: ({ to }) => to },
  }),
  metricRule<BrokerEvents['storageFailed']>({
    kind: 'counter',
    channel: 'broker:storage-failed',
    name: 'millrace_broker_storage_failures_total',
    help: 'Writes to the state directory that failed',
    labels: {},
  }),
  metricRule<BrokerEvents['tornTailTruncated']>({
    kind: 'counter',
    channel: 'broker:torn-tail-truncated',
    name: 'millrace_broker_torn_tail_bytes_total',
    help: 'Bytes of unfinished writes that recovery cut off',
    labels: {},
    amountOf: ({ droppedBytes }) => droppedBytes,
  }),
  metricRule<BrokerEvents['transactionResumed']>({
    kind: 'counter',
    channel: 'broker:transaction-resumed',
    name: 'millrace_broker_transactions_resumed_total',
    help: 'Transactions that recovery brought to their end',
    labels: { outcome: ({ outcome }) => outcome },
  }),
];
