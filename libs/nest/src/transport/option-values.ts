import { isCount } from '@millrace/kernel';

/** Adds a sentence to `problems` when a number of copies that is given is none; -1 leaves it to the broker. */
export function checkReplicationFactor(name: string, value: number | undefined, problems: string[]): void {
  if (value !== undefined && value !== -1 && !isCount(value))
    problems.push(`${name}: ${String(value)} is not a whole number of at least 1, or -1`);
}
