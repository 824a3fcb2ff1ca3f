import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';

/** How a lookup join finds the other side and combines both. */
export interface LookupJoin {
  readonly isLeft: boolean;
  /** The key to look up. */
  readonly by: (value: unknown, key: unknown) => unknown;
  /** The row for a key; on a versioned table, of the record's time. */
  readonly lookUp: (key: unknown, timestampMs: number) => unknown;
  readonly join: (left: unknown, right: unknown, key: unknown) => unknown;
}

/**
 * Joins each stream record with the row that a table has at that moment; the table's changes emit nothing.
 *
 * A null value gives nothing. A null key finds nothing: dropped by an inner join, joined with null by a left one (KIP-962).
 */
export class LookupJoinNode extends ProcessorNode {
  readonly #join: LookupJoin;
  readonly #environment: NodeEnvironment;

  constructor(name: string, join: LookupJoin, environment: NodeEnvironment) {
    super(name);
    this.#join = join;
    this.#environment = environment;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (value === null) {
      this.#environment.counters.droppedNull++;
      return undefined;
    }
    const by = this.#join.by(value, key) ?? null;
    const row = by === null ? null : (this.#join.lookUp(by, timestampMs) ?? null);
    if (row !== null || this.#join.isLeft) {
      const joined = this.#join.join(value, row, key);
      this.#environment.context.forgetValue();
      return this.forward(key, joined, timestampMs);
    }
    if (by === null) this.#environment.counters.droppedNull++;
    return undefined;
  }
}
