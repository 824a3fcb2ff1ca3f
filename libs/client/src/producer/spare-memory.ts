/** How much is kept at most. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Memory of batches that are acknowledged, for those to come: new memory is paid for in page faults and in garbage collections, which
 * the engine begins when much was allocated outside of its heap.
 */
export class SpareMemory {
  /** By size: a builder that writes little must not end up with the memory of one that writes much. */
  readonly #spare = new Map<number, Buffer[]>();
  #bytes = 0;

  /** Takes memory that nobody reads or writes any more. */
  give(memory: Buffer): void {
    if (this.#bytes + memory.length > MAX_BYTES) return;
    const alike = this.#spare.get(memory.length);
    if (alike === undefined) this.#spare.set(memory.length, [memory]);
    else alike.push(memory);
    this.#bytes += memory.length;
  }

  /** Memory of this size: what came last, which lies in the processor's caches most likely. */
  readonly take = (bytes: number): Buffer | undefined => {
    const memory = this.#spare.get(bytes)?.pop();
    if (memory !== undefined) this.#bytes -= bytes;
    return memory;
  };
}
