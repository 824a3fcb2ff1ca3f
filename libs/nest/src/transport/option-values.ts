/** What values of options may be: those of a program are checked by the compiler, those of a file of settings by nobody else. */

/** Adds a sentence to `problems` when a value that is given is none of those known. */
export function checkOneOf(
  name: string,
  value: string | undefined,
  known: readonly string[],
  problems: string[],
): void {
  if (value !== undefined && !known.includes(value))
    problems.push(`${name}: '${value}' is not one of ${known.join(', ')}`);
}

/** The same for a number of copies, where -1 leaves it to the broker. */
export function checkReplicationFactor(name: string, value: number | undefined, problems: string[]): void {
  if (value !== undefined && value !== -1 && !isCount(value))
    problems.push(`${name}: ${String(value)} is not a whole number of at least 1, or -1`);
}

/** Whether a value is a whole number of at least 1. */
export function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
