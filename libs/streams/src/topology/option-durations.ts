import { ConfigurationError, toMs, type Duration } from '@millrace/kernel';

/**
 * Milliseconds of an option of a topology. What is no duration becomes a problem, not an error, so that it is reported with all
 * others, and 1 ms in its place.
 *
 * @param option Its name, with what it belongs to: `within.before of 'join'`.
 */
export function optionMs(option: string, duration: Duration, problems: string[]): number {
  try {
    return toMs(duration);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push(...error.problems.map((each) => `${option}: ${each}`));
    return 1;
  }
}
