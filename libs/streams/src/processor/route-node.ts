import { RecordError } from '@millrace/kernel';
import { ProcessorNode, type Outcome } from './processor-node.js';

/** Passes each record to the one child that is chosen for it; the children stand for `targets`, in order. */
export class RouteNode extends ProcessorNode {
  readonly #choose: (value: unknown, key: unknown) => string;
  readonly #places: ReadonlyMap<string, number>;

  constructor(name: string, targets: readonly string[], choose: (value: unknown, key: unknown) => string) {
    super(name);
    this.#choose = choose;
    this.#places = new Map(targets.map((target, index) => [target, index]));
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const place = this.#places.get(this.#choose(value, key));
    const child = place === undefined ? undefined : this.children[place];
    if (child !== undefined) return this.forwardTo(child, key, value, timestampMs);
    const known = [...this.#places.keys()].join(', ');
    // What was chosen may have come from the record: it is not shown.
    throw new RecordError('MR_RECORD_REJECTED', `'${this.name}' chose a topic that is not one of its own: ${known}`);
  }
}
