import type { KeyValueStore } from '../store/key-value-store.js';

/**
 * Which keys have records in the retry topics of a source, and in which: so that no record overtakes an earlier one of its key.
 *
 * Invariants: of a key, everything in a later retry topic is older than everything in an earlier one, and that is older than
 * what is still in the source's topic; so a record may be processed only when none of its key waits in a later topic.
 */
export class WaitingKeys {
  readonly #counts: KeyValueStore<Buffer, readonly number[]>;

  /** @param counts by the key's bytes: how many records wait in the first retry topic, the second, and so on. */
  constructor(counts: KeyValueStore<Buffer, readonly number[]>) {
    this.#counts = counts;
  }

  /** Whether a record of the key waits in a retry topic after the `tier`-th; 0 is the source's own topic. */
  isBehind(key: Buffer, tier: number): boolean {
    return this.#counts.size() > 0 && (this.#counts.get(key) ?? []).some((count, nth) => nth >= tier && count > 0);
  }

  /** A record of the key goes from one place to another; 0 is the source's topic or, as the target, the end of its way. */
  move(key: Buffer, fromTier: number, toTier: number, timestampMs: number): void {
    if (fromTier === 0 && toTier === 0) return;
    const counts = [...(this.#counts.get(key) ?? [])];
    while (counts.length < toTier) counts.push(0);
    if (fromTier > 0) counts[fromTier - 1] = Math.max(0, (counts[fromTier - 1] ?? 0) - 1);
    if (toTier > 0) counts[toTier - 1] = (counts[toTier - 1] ?? 0) + 1;
    this.#counts.put(key, counts.every((count) => count === 0) ? null : counts, timestampMs);
  }
}
