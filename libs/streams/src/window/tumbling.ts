import { toMs, type Duration } from '@millrace/kernel';

/** Windows of one size, aligned to the epoch, side by side. */
export interface TumblingWindows {
  readonly sizeMs: number;
  /** How long after a window's end, in stream time, its late records still count. */
  readonly graceMs: number;
}

/**
 * Tumbling windows.
 *
 * @param options.size the length of a window, above 0.
 * @param options.grace how late a record may be and still count; no default: it is a decision (Kafka's `ofSizeAndGrace`).
 */
export function tumbling(options: { readonly size: Duration; readonly grace: Duration }): TumblingWindows {
  return { sizeMs: toMs(options.size), graceMs: toMs(options.grace) };
}
