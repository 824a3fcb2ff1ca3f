/**
 * What stands around every call to the object store: retry, breaker, time-out. A function, so that this library knows no
 * resilience library; `ExecutionPolicy.execute` of `@millrace/resilience` fits.
 */
export type Execute = <T>(call: (signal: AbortSignal) => Promise<T>) => Promise<T>;

const NEVER = new AbortController().signal;

/** Calls once. */
export const executeOnce: Execute = (call) => call(NEVER);
