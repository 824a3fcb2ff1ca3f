import type { Duration } from '@millrace/kernel';
import { optionMs } from '../topology/option-durations.js';

/** Windows of one size whose starts are aligned to the epoch: side by side, or overlapping where they advance by less. */
export interface TimeWindows {
  readonly kind: 'time';
  readonly sizeMs: number;
  /** From one window's start to the next one's. */
  readonly advanceMs: number;
  /** How long after a window's end, in stream time, its late records still count. */
  readonly graceMs: number;
  /** What is wrong with the durations that it was made of. */
  readonly problems?: readonly string[];
}

/** Windows around records: two records share one when their times differ by at most `differenceMs`. */
export interface SlidingWindows {
  readonly kind: 'sliding';
  readonly differenceMs: number;
  readonly graceMs: number;
  /** What is wrong with the durations that it was made of. */
  readonly problems?: readonly string[];
}

/** Windows of activity: records whose times differ by at most `gapMs` belong to one session, which grows with them. */
export interface SessionWindows {
  readonly kind: 'session';
  readonly gapMs: number;
  readonly graceMs: number;
  /** What is wrong with the durations that it was made of. */
  readonly problems?: readonly string[];
}

/**
 * Tumbling windows: each record is in one.
 *
 * @param options.size the length of a window, above 0; the start is inclusive, the end exclusive.
 * @param options.grace how late a record may be and still count; no default: it is a decision (Kafka's `ofSizeAndGrace`).
 */
export function tumbling(options: { readonly size: Duration; readonly grace: Duration }): TimeWindows {
  const problems: string[] = [];
  const sizeMs = optionMs('size', options.size, problems);
  const graceMs = optionMs('grace', options.grace, problems);
  return { kind: 'time', sizeMs, advanceMs: sizeMs, graceMs, ...(problems.length > 0 && { problems }) };
}

/**
 * Hopping windows: each record is in `size / advance` of them.
 *
 * @param options.advance from one window's start to the next one's: above 0 and at most the size.
 */
export function hopping(options: {
  readonly size: Duration;
  readonly advance: Duration;
  readonly grace: Duration;
}): TimeWindows {
  const { size, advance, grace } = options;
  const problems: string[] = [];
  const ms = (option: string, duration: Duration): number => optionMs(option, duration, problems);
  const times = { sizeMs: ms('size', size), advanceMs: ms('advance', advance), graceMs: ms('grace', grace) };
  return { kind: 'time', ...times, ...(problems.length > 0 && { problems }) };
}

/**
 * Sliding windows (KIP-450): each distinct set of records whose times differ by at most `difference` is a window; start and end
 * are both inclusive.
 */
export function sliding(options: { readonly difference: Duration; readonly grace: Duration }): SlidingWindows {
  const problems: string[] = [];
  const differenceMs = optionMs('difference', options.difference, problems);
  const graceMs = optionMs('grace', options.grace, problems);
  return { kind: 'sliding', differenceMs, graceMs, ...(problems.length > 0 && { problems }) };
}

/** Session windows: a session ends when `gap` has passed without a record; start and end are its first and last record's times. */
export function session(options: { readonly gap: Duration; readonly grace: Duration }): SessionWindows {
  const problems: string[] = [];
  const gapMs = optionMs('gap', options.gap, problems);
  const graceMs = optionMs('grace', options.grace, problems);
  return { kind: 'session', gapMs, graceMs, ...(problems.length > 0 && { problems }) };
}

/** What is wrong with windows, for the list of a topology's problems. */
export function problemsOf(windows: TimeWindows | SlidingWindows | SessionWindows): readonly string[] {
  // Those of the durations alone: what stands in their place would be found wanting too.
  if (windows.problems !== undefined) return windows.problems.map((each) => `a wrong ${each}`);
  const problems: string[] = [];
  if (windows.graceMs < 0) problems.push('a negative grace: give 0 or more');
  switch (windows.kind) {
    case 'time':
      if (windows.sizeMs <= 0) problems.push('no size: give one above 0');
      else if (windows.advanceMs <= 0 || windows.advanceMs > windows.sizeMs) {
        problems.push('an advance that is not above 0 and at most the size');
      }
      break;
    case 'sliding':
      if (windows.differenceMs < 0) problems.push('a negative difference: give 0 or more');
      break;
    case 'session':
      if (windows.gapMs < 0) problems.push('a negative gap: give 0 or more');
      break;
  }
  return problems;
}

/** Windows as a text for `describe()`. */
export function describeWindows(windows: TimeWindows | SlidingWindows | SessionWindows): string {
  return `${nameWindows(windows)}, grace ${windows.graceMs} ms`;
}

/** Windows as a text without their grace: equal for windows that are cut in the same way. */
export function nameWindows(windows: TimeWindows | SlidingWindows | SessionWindows): string {
  switch (windows.kind) {
    case 'time':
      if (windows.advanceMs === windows.sizeMs) return `tumbling ${windows.sizeMs} ms`;
      return `hopping ${windows.sizeMs} ms by ${windows.advanceMs} ms`;
    case 'sliding':
      return `sliding ${windows.differenceMs} ms`;
    case 'session':
      return `session gap ${windows.gapMs} ms`;
  }
}
