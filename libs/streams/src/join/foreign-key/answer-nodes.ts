import { inOrder } from '../../processor/in-order.js';
import type { NodeEnvironment } from '../../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../../processor/processor-node.js';
import type { TableView } from '../../table/table-view.js';
import type { ForeignKeyJoin } from './foreign-key-join.js';
import type { SubscriptionStore } from './subscription-store.js';
import type { Answer, Subscription } from './subscription.js';

/** An answer on its way back: to the partition of the left table that asked. */
export interface AddressedAnswer extends Answer {
  readonly primaryPartition: number;
}

/** Takes subscriptions of left rows, remembers them beside the right table, and answers with the row of now. */
export class SubscriptionNode extends ProcessorNode {
  readonly #join: ForeignKeyJoin;
  readonly #right: TableView;
  readonly #store: SubscriptionStore;
  readonly #environment: NodeEnvironment;

  constructor(name: string, join: ForeignKeyJoin, right: TableView, environment: NodeEnvironment) {
    super(name);
    this.#join = join;
    this.#right = right;
    this.#store = environment.store(join.subscriptionStore) as SubscriptionStore;
    this.#environment = environment;
  }

  process(foreign: unknown, value: unknown, timestampMs: number): Outcome {
    const subscription = value as Subscription;
    const { instruction, primaryKey } = subscription;
    const row = foreign === null ? undefined : this.#remember(foreign, subscription, timestampMs);
    if (instruction === 'unsubscribe' || (instruction === 'subscribe' && row === undefined)) return undefined;
    const isMatch = instruction !== 'unsubscribe-and-answer' && row !== undefined;
    this.#environment.context.forgetValue();
    const answer = addressed(subscription, isMatch ? this.#join.rightValue.serialize(row.value) : null);
    return this.forward(primaryKey, answer, Math.max(timestampMs, row?.timestampMs ?? -1));
  }

  #remember(foreign: unknown, subscription: Subscription, timestampMs: number): ReturnType<TableView['row']> {
    const foreignKey = this.#join.rightKey.serialize(foreign);
    const { instruction, primaryKey } = subscription;
    const isKept = instruction === 'subscribe' || instruction === 'subscribe-and-answer';
    if (isKept) this.#store.put(foreignKey, subscription, timestampMs);
    else this.#store.delete(foreignKey, primaryKey, timestampMs);
    return this.#right.row(foreign);
  }
}

/** Tells every left row that refers to it of a change of the right table. */
export class RightChangeNode extends ProcessorNode {
  readonly #join: ForeignKeyJoin;
  readonly #store: SubscriptionStore;
  readonly #environment: NodeEnvironment;

  constructor(name: string, join: ForeignKeyJoin, environment: NodeEnvironment) {
    super(name);
    this.#join = join;
    this.#store = environment.store(join.subscriptionStore) as SubscriptionStore;
    this.#environment = environment;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.update(key, value, null, timestampMs, true);
  }

  override update(key: unknown, value: unknown, _old: unknown, timestampMs: number, isLatest: boolean): Outcome {
    if (this.#join.isRightVersioned && !isLatest) {
      this.#environment.counters.droppedLate++;
      return undefined;
    }
    const valueBytes = value === null ? null : this.#join.rightValue.serialize(value);
    this.#environment.context.forgetValue();
    return inOrder(this.#store.of(this.#join.rightKey.serialize(key)), ({ subscription }) =>
      this.forward(subscription.primaryKey, addressed(subscription, valueBytes), timestampMs),
    );
  }
}

function addressed({ digest, primaryPartition }: Subscription, value: Buffer | null): AddressedAnswer {
  return { digest, value, primaryPartition };
}
