import { inOrder } from '../../processor/in-order.js';
import type { NodeEnvironment } from '../../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../../processor/processor-node.js';
import { digestOf, type ForeignKeyJoin } from './foreign-key-join.js';
import type { Instruction } from './subscription.js';

/** Which row of the right table, and what it is to do; to a null key only an answer is asked for. */
type Hop = readonly [foreign: unknown, instruction: Instruction];

/** Tells the right table which left rows refer to which of its own: the first hop of a foreign-key join (KIP-213). */
export class SubscribeNode extends ProcessorNode {
  readonly #join: ForeignKeyJoin;
  readonly #environment: NodeEnvironment;

  constructor(name: string, join: ForeignKeyJoin, environment: NodeEnvironment) {
    super(name);
    this.#join = join;
    this.#environment = environment;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.update(key, value, null, timestampMs, true);
  }

  override update(key: unknown, value: unknown, old: unknown, timestampMs: number, isLatest: boolean): Outcome {
    const { isLeftVersioned, isLeft, foreignKey } = this.#join;
    if (isLeftVersioned && !isLatest) {
      this.#environment.counters.droppedLate++;
      return undefined;
    }
    if (value === null && old === null) return undefined;
    const foreign = value === null ? null : (foreignKey(value, key) ?? null);
    const oldForeign = old === null ? null : (foreignKey(old, key) ?? null);
    const hops = isLeft ? this.#leftHops(foreign, oldForeign) : this.#innerHops(foreign, oldForeign);
    if (hops.length === 0) this.#environment.counters.droppedNull++;
    return inOrder(hops, ([to, instruction]) => this.#send(key, value, timestampMs, to, instruction));
  }

  #leftHops(foreign: unknown, oldForeign: unknown): readonly Hop[] {
    const subscribe: Hop = [foreign, 'subscribe-and-answer'];
    if (oldForeign === null || this.#isSame(foreign, oldForeign)) return [subscribe];
    return [[oldForeign, 'unsubscribe'], subscribe];
  }

  #innerHops(foreign: unknown, oldForeign: unknown): readonly Hop[] {
    if (oldForeign === null) return foreign === null ? [] : [[foreign, 'subscribe']];
    if (foreign === null) return [[oldForeign, 'unsubscribe-and-answer']];
    if (this.#isSame(foreign, oldForeign)) return [[foreign, 'subscribe']];
    return [
      [oldForeign, 'unsubscribe'],
      [foreign, 'subscribe-and-answer'],
    ];
  }

  #isSame(one: unknown, other: unknown): boolean {
    if (one === null || other === null) return one === other;
    const { rightKey } = this.#join;
    return rightKey.serialize(one).equals(rightKey.serialize(other));
  }

  #send(key: unknown, value: unknown, timestampMs: number, foreign: unknown, instruction: Instruction): Outcome {
    const { leftKey, leftValue } = this.#join;
    const subscription = {
      instruction,
      primaryKey: leftKey.serialize(key),
      primaryPartition: this.#environment.partition,
      digest: digestOf(value, leftValue),
    };
    return this.forward(foreign, subscription, timestampMs);
  }
}
