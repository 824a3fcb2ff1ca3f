import type { NodeEnvironment } from '../../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../../processor/processor-node.js';
import type { TableView } from '../../table/table-view.js';
import { digestOf, type ForeignKeyJoin } from './foreign-key-join.js';
import type { Answer } from './subscription.js';

/** Joins an answer with the left row that asked, unless that row has changed meanwhile: then another answer is on its way. */
export class ResolveNode extends ProcessorNode {
  readonly #join: ForeignKeyJoin;
  readonly #left: TableView;
  readonly #environment: NodeEnvironment;

  constructor(name: string, join: ForeignKeyJoin, left: TableView, environment: NodeEnvironment) {
    super(name);
    this.#join = join;
    this.#left = left;
    this.#environment = environment;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const { digest, value: bytes } = value as Answer;
    const { isLeft, leftValue, rightValue, join } = this.#join;
    const left = this.#left.row(key)?.value ?? null;
    const now = digestOf(left, leftValue);
    const isStale = digest === null || now === null ? digest !== now : !digest.equals(now);
    if (isStale) return undefined;
    this.#environment.context.forgetValue();
    const right = bytes === null ? null : rightValue.deserialize(bytes, 0, bytes.length);
    const isShown = right !== null || (isLeft && left !== null);
    return this.forward(key, isShown ? join(left, right, key) : null, timestampMs);
  }
}
