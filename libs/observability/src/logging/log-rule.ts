import type { LogLevel } from './logger.js';

/** What people should read of the events of a channel. */
export interface LogRule<E = unknown> {
  /** Name of the diagnostics channel, without `millrace:`. */
  readonly channel: string;
  /** The level of an event, `silent` for one that is not worth a line. */
  levelOf(event: E): LogLevel;
  readonly message: string;
}

interface Failure {
  readonly action: string;
}

function rule<E extends object>(logRule: LogRule<E>): LogRule {
  return logRule;
}

/** Which events become lines. Those that happen all the time (processed, committed, lag) are metrics only. */
export const LOG_RULES: readonly LogRule[] = [
  rule<Failure>({
    channel: 'runtime.failed',
    levelOf: ({ action }) => (action === 'stop' ? 'fatal' : action === 'retry' ? 'warn' : 'error'),
    message: 'a stream thread failed',
  }),
  rule({ channel: 'runtime.thread-state', levelOf: () => 'info', message: 'a stream thread changed its state' }),
  rule({ channel: 'runtime.task-state', levelOf: () => 'debug', message: 'a task changed its state' }),
  rule({ channel: 'runtime.rebalanced', levelOf: () => 'info', message: 'the partitions of a thread changed' }),
  rule<{ readonly phase: string }>({
    channel: 'runtime.restored',
    levelOf: ({ phase }) => (phase === 'progressed' ? 'debug' : 'info'),
    message: 'a store is being restored',
  }),
  rule({ channel: 'runtime.dead-lettered', levelOf: () => 'warn', message: 'a record went to its dead-letter topic' }),
  rule({ channel: 'runtime.late', levelOf: () => 'warn', message: 'records came after their window had closed' }),
  rule<{ readonly event: string }>({
    channel: 'client:group',
    levelOf: ({ event }) => (event === 'failed' || event === 'lost' ? 'warn' : 'info'),
    message: 'a group member changed its state',
  }),
  rule<{ readonly event: string }>({
    channel: 'client:transaction',
    levelOf: ({ event }) => (event === 'committed' ? 'silent' : 'warn'),
    message: 'a transaction did not commit',
  }),
  rule({ channel: 'client:fetch', levelOf: () => 'warn', message: 'a partition could not be fetched' }),
  rule({ channel: 'client:retry', levelOf: () => 'debug', message: 'a call to a broker is tried again' }),
  rule({ channel: 'broker:torn-tail-truncated', levelOf: () => 'warn', message: 'an unfinished write was cut off' }),
  rule({
    channel: 'broker:transaction-resumed',
    levelOf: () => 'info',
    message: 'a transaction was brought to its end',
  }),
  rule({ channel: 'broker:request-refused', levelOf: () => 'warn', message: 'a request to the broker was refused' }),
  rule({ channel: 'broker:storage-failed', levelOf: () => 'error', message: 'the broker cannot write its state' }),
  rule<{ readonly state: string }>({
    channel: 'resilience:breaker',
    levelOf: ({ state }) => (state === 'open' ? 'warn' : 'info'),
    message: 'a circuit breaker changed its state',
  }),
  rule({ channel: 'resilience:timeout', levelOf: () => 'warn', message: 'a call took too long' }),
  rule({
    channel: 'resilience:bulkhead',
    levelOf: () => 'warn',
    message: 'a call was refused because all places are taken',
  }),
  rule({ channel: 'cache:store-failed', levelOf: () => 'warn', message: 'a cache goes on without its store' }),
];
