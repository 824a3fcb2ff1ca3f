import type { HeapSuppressBuffer } from '../store/heap-suppress-buffer.js';
import type { NodeEnvironment } from '../processor/node-environment.js';
import type { TableView } from './table-view.js';

/** The view of a table whose updates are held back in a buffer: a held row is seen as it was before. */
export function heldView(
  store: string,
  above: (environment: NodeEnvironment) => TableView,
): (environment: NodeEnvironment) => TableView {
  return (environment) => {
    const held = environment.store(store) as HeapSuppressBuffer<unknown, unknown>;
    const shown = above(environment);
    const row: TableView['row'] = (key) => {
      const update = held.get(key);
      if (update === undefined) return shown.row(key);
      return update.prior === null ? undefined : { value: update.prior, timestampMs: update.timestampMs };
    };
    return { row, rowAsOf: row };
  };
}
