import type { KeyValueStore } from '../store/key-value-store.js';

/** How many records of a key wait in each tier; tiers without any are left out. */
export type WaitingCounts = Readonly<Record<string, number>>;

/**
 * Which keys have records that wait in the retry topics of a source, and in which tier: so that none overtakes an earlier one.
 *
 * A tier is a stop on the way: 0 is the source's topic, n its n-th retry topic, and those past the last topic are further rounds
 * through it. Invariants: of a key, everything in a later tier is older than everything in an earlier one, and within a tier
 * records are in order; so a record may be processed only when none of its key waits in a later tier, and else goes one tier on.
 */
export class WaitingKeys {
  readonly #counts: KeyValueStore<Buffer, WaitingCounts>;

  /** @param counts by the key's bytes. */
  constructor(counts: KeyValueStore<Buffer, WaitingCounts>) {
    this.#counts = counts;
  }

  /** Whether a record of the key waits in a later tier. */
  isBehind(key: Buffer, tier: number): boolean {
    if (this.#counts.size() === 0) return false;
    return Object.keys(this.#counts.get(key) ?? {}).some((other) => Number(other) > tier);
  }

  /** A record of the key goes from one tier to another; 0 is the source's topic or, as the target, the end of its way. */
  move(key: Buffer, fromTier: number, toTier: number, timestampMs: number): void {
    if (fromTier === 0 && toTier === 0) return;
    const counts = new Map(Object.entries(this.#counts.get(key) ?? {}));
    const left = (counts.get(String(fromTier)) ?? 0) - 1;
    if (left > 0) counts.set(String(fromTier), left);
    else counts.delete(String(fromTier));
    if (toTier > 0) counts.set(String(toTier), (counts.get(String(toTier)) ?? 0) + 1);
    this.#counts.put(key, counts.size === 0 ? null : Object.fromEntries(counts), timestampMs);
  }
}
