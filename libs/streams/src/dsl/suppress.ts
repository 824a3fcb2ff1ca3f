import type { Duration } from '@millrace/kernel';
import { SuppressNode, type Suppression } from '../table/suppress-node.js';
import { heldView } from '../table/held-view.js';
import { optionMs } from '../topology/option-durations.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { storeSpec } from './store-options.js';

/** How long updates are held back, and how many of them. */
export interface SuppressOptions {
  /**
   * `window-closes`: one result a window, when stream time has passed its end plus the grace. `after`: the last update of a key
   * within so much stream time since the first.
   */
  readonly until: 'window-closes' | { readonly after: Duration };
  /** Permanent name of the buffer; its changelog is `<applicationId>-<store>-changelog`. */
  readonly store: string;
  /** Upper bounds of the buffer. Default none. */
  readonly buffer?: {
    readonly maxRecords?: number;
    readonly maxBytes?: number;
    /** `emit-early` lets the oldest go; `shut-down` stops the application with `MR_BUFFER_FULL`. */
    readonly whenFull: 'emit-early' | 'shut-down';
  };
}

/** Adds a suppression of a table's updates. */
export function addSuppression<K, V>(
  name: string,
  table: KTable<K, V>,
  { until, store, buffer }: SuppressOptions,
  resolve: ProcessorResolver | undefined,
): KTable<K, V> {
  const { graph, origin, serdes } = table;
  origin.oldValues.want();
  const isByWindow = until === 'window-closes';
  if (isByWindow && origin.closesAfterMs === undefined) {
    graph.problems.push(`'${name}' waits for windows to close, but its table has none: window it, or wait for a time`);
  }
  if (isByWindow && buffer?.whenFull === 'emit-early') {
    graph.problems.push(`'${name}' would emit windows before they close: let it shut down when its buffer is full`);
  }
  const spec = storeSpec({ name: store, kind: 'suppress-buffer', ...serdes });
  const suppression: Suppression = {
    store,
    by: isByWindow ? 'window-end' : 'first-update',
    afterMs: isByWindow
      ? (origin.closesAfterMs ?? 0)
      : optionMs(`until.after of '${name}'`, until.after, graph.problems),
    maxRecords: buffer?.maxRecords ?? Infinity,
    maxBytes: buffer?.maxBytes ?? Infinity,
    whenFull: buffer?.whenFull ?? 'shut-down',
  };
  const node = graph.add({
    name,
    kind: 'processor',
    parents: [table.node],
    stores: [spec],
    globalTables: [],
    detail: `suppress until ${isByWindow ? 'window closes' : `${suppression.afterMs} ms`}`,
    create: (environment) => new SuppressNode(name, suppression, environment),
  });
  const view = heldView(store, origin.view);
  const shown = { ...origin, stores: [spec, ...origin.stores], view, isVersioned: false };
  return new KTable<K, V>(graph, node, shown, serdes, resolve);
}
