/** Which node an error came from, and whether it was reading, working or writing. */
export interface Blame {
  readonly node: string;
  /** A sink whose record could not be written: its serde or the collector refused it. */
  readonly isProduction: boolean;
}

const blamed = new WeakMap<object, Blame>();

/** Notes where an error came from, the first time that it is seen: errors come up through every node above. Returns the error. */
export function blame(cause: unknown, node: string, isProduction = false): unknown {
  if (typeof cause === 'object' && cause !== null && !blamed.has(cause)) blamed.set(cause, { node, isProduction });
  return cause;
}

/** Where an error came from, once: the same error may be thrown again by another node. Undefined when it came from the source. */
export function takeBlame(cause: unknown): Blame | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined;
  const found = blamed.get(cause);
  blamed.delete(cause);
  return found;
}
