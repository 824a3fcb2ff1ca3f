/**
 * Adds a sentence to `problems` when a value that is given is none of those known. The compiler checks the choices of a program; those that come
 * from a file of settings nobody else does.
 */
export function checkOneOf(
  name: string,
  value: string | undefined,
  known: readonly string[],
  problems: string[],
): void {
  if (value !== undefined && !known.includes(value))
    problems.push(`${name}: '${value}' is not one of ${known.join(', ')}`);
}
