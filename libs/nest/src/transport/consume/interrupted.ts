/** Ends the handling of a record whose partition is given up: it is not settled, and the next owner handles it. */
export class Interrupted extends Error {
  constructor() {
    super('the partition is given up');
    this.name = 'Interrupted';
  }
}
