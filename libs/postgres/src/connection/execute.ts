/**
 * What stands around every call to the database: retry, breaker, time-out. A function, so that this library knows no
 * resilience library; `ExecutionPolicy.execute` of `@millrace/resilience` fits.
 *
 * The call's signal aborts when its time is over; the connection is then thrown away.
 */
export type Execute = <T>(call: (signal: AbortSignal) => Promise<T>) => Promise<T>;

const NEVER = new AbortController().signal;

/** Calls once and leaves everything else to the time-outs of the connection. */
export const executeOnce: Execute = (call) => call(NEVER);
