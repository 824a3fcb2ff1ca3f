import type { Random } from '@millrace/kernel';
import type { Entry } from '../store/entry-store.js';

/**
 * Whether this reader is the one that loads an entry anew although it has not expired: the likelier, the closer the expiry and
 * the longer loading takes. Readers of all processes decide independently, yet about one of them does.
 *
 * Source: A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015 (with beta 1).
 */
export function isDueEarly({ expiresAtMs, loadMs }: Entry, nowMs: number, random: Random): boolean {
  return nowMs - loadMs * Math.log(1 - random.next()) >= expiresAtMs;
}
