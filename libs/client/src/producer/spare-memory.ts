/** How much is kept at most. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Memory of batches that are acknowledged, for those to come: new memory is paid for in page faults and in garbage collections, which
 * the engine begins when much was allocated outside of its heap.
 */
export class SpareMemory {
  readonly #spare: Buffer[] = [];
  #bytes = 0;

  /** Takes memory that nobody reads or writes any more. */
  give(memory: Buffer): void {
    if (this.#bytes + memory.length > MAX_BYTES) return;
    this.#spare.push(memory);
    this.#bytes += memory.length;
  }

  /** The memory that came last, which lies in the processor's caches most likely. */
  readonly take = (): Buffer | undefined => {
    const memory = this.#spare.pop();
    if (memory !== undefined) this.#bytes -= memory.length;
    return memory;
  };
}
