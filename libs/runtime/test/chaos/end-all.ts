/**
 * Takes every step, one after the other, whatever becomes of those before it: what is to be ended, ends.
 *
 * @throws the first failure; an {@link AggregateError} that tells it first where there are several.
 */
export async function endAll(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length > 1) {
    throw new AggregateError(failures, `${String(failures[0])} (and ${failures.length - 1} more)`);
  }
  if (failures.length === 1) throw failures[0];
}
