/**
 * The follower that a partition is read from in place of its leader (KIP-392). The leader names it in its answer to a fetch that told a rack.
 *
 *   leader ──its answer names a replica──▶ replica ──lease over, replica gone, any error──▶ leader
 *
 * The lease makes the leader decide anew from time to time: replicas fall behind and racks get new ones.
 */
export class ReadReplica {
  #nodeId: number | undefined;
  #untilMs = 0;

  /** The follower to ask at this moment of the monotonic clock; `undefined` for the leader. */
  at(nowMs: number): number | undefined {
    if (nowMs >= this.#untilMs) this.#nodeId = undefined;
    return this.#nodeId;
  }

  /** Whether this node is the follower that the partition is read from. */
  is(nodeId: number): boolean {
    return this.#nodeId === nodeId;
  }

  /** Reads from a follower until a moment of the monotonic clock. */
  use(nodeId: number, untilMs: number): void {
    this.#nodeId = nodeId;
    this.#untilMs = untilMs;
  }

  /** Goes back to the leader. */
  drop(): void {
    this.#nodeId = undefined;
  }
}
