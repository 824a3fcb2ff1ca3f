import { inOrder } from './in-order.js';
import { ProcessorNode, type Outcome } from './processor-node.js';
import type { RecordContext } from './record-context.js';

/** Passes on the records for which the predicate's answer is `wanted`. */
export class FilterNode extends ProcessorNode {
  readonly #predicate: (value: unknown, key: unknown) => boolean;
  readonly #wanted: boolean;

  constructor(name: string, predicate: (value: unknown, key: unknown) => boolean, wanted: boolean) {
    super(name);
    this.#predicate = predicate;
    this.#wanted = wanted;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.#predicate(value, key) === this.#wanted ? this.forward(key, value, timestampMs) : undefined;
  }
}

/** Replaces the value. */
export class MapValuesNode extends ProcessorNode {
  readonly #map: (value: unknown, key: unknown) => unknown;
  readonly #context: RecordContext;

  constructor(name: string, map: (value: unknown, key: unknown) => unknown, context: RecordContext) {
    super(name);
    this.#map = map;
    this.#context = context;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const mapped = this.#map(value, key);
    this.#context.forgetValue();
    return this.forward(key, mapped, timestampMs);
  }
}

/** Replaces the key. */
export class RekeyNode extends ProcessorNode {
  readonly #keyOf: (value: unknown, key: unknown) => unknown;

  constructor(name: string, keyOf: (value: unknown, key: unknown) => unknown) {
    super(name);
    this.#keyOf = keyOf;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.forward(this.#keyOf(value, key), value, timestampMs);
  }
}

/** Replaces key and value. */
export class MapNode extends ProcessorNode {
  readonly #map: (value: unknown, key: unknown) => readonly [unknown, unknown];
  readonly #context: RecordContext;

  constructor(
    name: string,
    map: (value: unknown, key: unknown) => readonly [unknown, unknown],
    context: RecordContext,
  ) {
    super(name);
    this.#map = map;
    this.#context = context;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const [newKey, newValue] = this.#map(value, key);
    this.#context.forgetValue();
    return this.forward(newKey, newValue, timestampMs);
  }
}

/** Replaces a record by any number of records, in order. */
export class FlatMapNode extends ProcessorNode {
  readonly #map: (value: unknown, key: unknown) => Iterable<readonly [unknown, unknown]>;
  readonly #context: RecordContext;

  constructor(
    name: string,
    map: (value: unknown, key: unknown) => Iterable<readonly [unknown, unknown]>,
    context: RecordContext,
  ) {
    super(name);
    this.#map = map;
    this.#context = context;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    this.#context.forgetValue();
    return inOrder(this.#map(value, key), ([newKey, newValue]) => this.forward(newKey, newValue, timestampMs));
  }
}

/** Looks at each record and passes it on. */
export class PeekNode extends ProcessorNode {
  readonly #look: (value: unknown, key: unknown) => void;

  constructor(name: string, look: (value: unknown, key: unknown) => void) {
    super(name);
    this.#look = look;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    this.#look(value, key);
    return this.forward(key, value, timestampMs);
  }
}

/** Passes records on as they are: a merge, a branch's root, a repartition's far side. */
export class PassNode extends ProcessorNode {
  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.forward(key, value, timestampMs);
  }
}

/** Passes each record to the first branch whose predicate holds, or to the last child where none does. */
export class BranchNode extends ProcessorNode {
  readonly #predicates: readonly ((value: unknown, key: unknown) => boolean)[];

  constructor(name: string, predicates: readonly ((value: unknown, key: unknown) => boolean)[]) {
    super(name);
    this.#predicates = predicates;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const found = this.#predicates.findIndex((predicate) => predicate(value, key));
    const child = this.children[found < 0 ? this.#predicates.length : found];
    return child === undefined ? undefined : this.forwardTo(child, key, value, timestampMs);
  }
}
