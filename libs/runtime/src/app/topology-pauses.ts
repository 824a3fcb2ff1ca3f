/** Which topologies of an application are paused; shared by all of its threads. */
export class TopologyPauses {
  readonly #topologies: readonly string[];
  readonly #paused = new Set<string>();

  /** @param topologies The names of all topologies. */
  constructor(topologies: readonly string[]) {
    this.#topologies = topologies;
  }

  /** The names of those that are paused, in the order of the application. */
  get paused(): readonly string[] {
    return this.#topologies.filter((name) => this.#paused.has(name));
  }

  has(topology: string): boolean {
    return this.#paused.has(topology);
  }

  /** @returns the names of those that were not paused before. */
  pause(topologies: readonly string[]): readonly string[] {
    const changed = topologies.filter((name) => !this.#paused.has(name));
    for (const name of changed) this.#paused.add(name);
    return changed;
  }

  /** @returns the names of those that were paused before. */
  resume(topologies: readonly string[]): readonly string[] {
    return topologies.filter((name) => this.#paused.delete(name));
  }
}
