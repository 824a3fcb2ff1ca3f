import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { TableStore } from '../store/table-store.js';
import type { OldValues } from '../table/old-values.js';
import { TableUpdates } from '../table/table-updates.js';
import type { TableView } from '../table/table-view.js';

/** One side of a join of two tables by their common key. */
export interface TableTableJoin {
  /** Whether a row of this side is shown without one of the other; and likewise the other way round. */
  readonly keepsOwn: boolean;
  readonly keepsOther: boolean;
  /** This side's value, the other's, the key. */
  readonly join: (own: unknown, other: unknown, key: unknown) => unknown;
  readonly isVersioned: boolean;
  readonly oldValues: OldValues;
}

/**
 * Takes the changes of one side of a table-table join and looks the other side up. The result's timestamp is the greater of
 * the two rows'. A change that leaves the latest version of a versioned table as it is gives nothing (KIP-914).
 */
export class TableTableJoinNode extends ProcessorNode {
  readonly #join: TableTableJoin;
  readonly #other: TableView;
  readonly #environment: NodeEnvironment;

  constructor(name: string, join: TableTableJoin, other: TableView, environment: NodeEnvironment) {
    super(name);
    this.#join = join;
    this.#other = other;
    this.#environment = environment;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.update(key, value, null, timestampMs, true);
  }

  override update(key: unknown, value: unknown, old: unknown, timestampMs: number, isLatest: boolean): Outcome {
    const { keepsOwn, isVersioned, oldValues, join } = this.#join;
    if (isVersioned && !isLatest) {
      this.#environment.counters.droppedLate++;
      return undefined;
    }
    const row = this.#other.row(key);
    if (row === undefined && (!keepsOwn || (value === null && old === null))) return undefined;
    const other = row?.value ?? null;
    const joined = this.#isShown(value, other) ? join(value, other, key) : null;
    const joinedOld = oldValues.areWanted && this.#isShown(old, other) ? join(old, other, key) : null;
    this.#environment.context.forgetValue();
    return this.forwardUpdate(key, joined, joinedOld, Math.max(timestampMs, row?.timestampMs ?? -1), isLatest);
  }

  #isShown(own: unknown, other: unknown): boolean {
    if (own === null) return other !== null && this.#join.keepsOther;
    return other !== null || this.#join.keepsOwn;
  }
}

/** Keeps what both sides of a join of tables emit, so that it can be looked up in turn. */
export class MaterializeNode extends ProcessorNode {
  readonly #updates: TableUpdates;

  constructor(name: string, store: string, isCached: boolean, environment: NodeEnvironment) {
    super(name);
    this.#updates = new TableUpdates(environment.store(store) as TableStore, {
      isCached,
      context: environment.context,
      forward: (key, value, old, timestampMs, isLatest) => this.forwardUpdate(key, value, old, timestampMs, isLatest),
    });
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.update(key, value, null, timestampMs, true);
  }

  override update(key: unknown, value: unknown, old: unknown, timestampMs: number, _isLatest: boolean): Outcome {
    return this.#updates.put(key, value, old, timestampMs);
  }

  override flush(): Outcome {
    return this.#updates.flush();
  }
}
