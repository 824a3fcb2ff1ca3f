import type { NodeEnvironment } from '../processor/node-environment.js';
import type { TableStore } from '../store/table-store.js';
import { OldValues } from '../table/old-values.js';
import type { TableView } from '../table/table-view.js';
import type { StoreSpec } from '../topology/specs.js';

/** Where the rows of a table are found, and what is known of its changes. */
export interface TableOrigin {
  /** The stores that {@link view} reads: who uses it must list them. */
  readonly stores: readonly StoreSpec[];
  readonly view: (environment: NodeEnvironment) => TableView;
  readonly isVersioned: boolean;
  readonly oldValues: OldValues;
  /** How long after its end, in stream time, a window of this table's keys closes; undefined without windows. */
  readonly closesAfterMs?: number;
}

/** A table whose rows stand in a store of their own. */
export function storedTable(store: StoreSpec, above: readonly OldValues[] = []): TableOrigin {
  return {
    stores: [store],
    view: (environment) => environment.store(store.name) as TableStore,
    isVersioned: store.kind === 'versioned',
    oldValues: new OldValues(above),
  };
}
