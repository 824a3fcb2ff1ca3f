import { ConfigurationError } from '../errors/errors.js';

/** A span of time: milliseconds as a number, or a text such as `'250ms'`, `'5s'`, `'10m'`, `'1h'`, `'2d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Milliseconds of a {@link Duration}.
 *
 * @throws {ConfigurationError} (stop-app) when it is negative, not finite or not of the form above.
 */
export function toMs(duration: Duration): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration) && duration >= 0) return duration;
  } else {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration);
    if (match !== null) return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  }
  throw new ConfigurationError('a duration', [
    `'${String(duration)}' is not a duration: use milliseconds or a text such as '250ms', '5s', '10m', '1h', '2d'`,
  ]);
}
