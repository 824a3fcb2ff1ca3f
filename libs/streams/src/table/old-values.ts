/** Whether somebody below a table needs to know what a value was before it changed. A filter always does. */
export class OldValues {
  readonly #above: readonly OldValues[];
  #areWanted = false;

  /** @param above the tables that this one is computed from. */
  constructor(above: readonly OldValues[] = []) {
    this.#above = above;
  }

  get areWanted(): boolean {
    return this.#areWanted;
  }

  want(): void {
    this.#areWanted = true;
    for (const each of this.#above) each.want();
  }
}
