import { MaterializeNode, TableTableJoinNode } from '../join/table-table-join-node.js';
import { json } from '../serde/serdes.js';
import { OldValues } from '../table/old-values.js';
import type { GraphNode } from '../topology/specs.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import type { JoinKind } from './stream-stream-join.js';
import { tableStoreSpec, type TableStoreOptions } from './store-options.js';
import { storedTable } from './table-origin.js';

/** A join of two tables: what comes of two rows, and where the result is kept. */
export interface TableTableJoinOptions<K, V, W, R> extends TableStoreOptions<R> {
  readonly join: (left: V, right: W, key: K) => R;
}

type JoinedTable = Pick<KTable<unknown, unknown>, 'node' | 'origin'>;

/** Adds the join of two tables by their common key. */
export function joinTables<K, V, W, R>(
  name: string,
  left: KTable<K, V>,
  right: KTable<K, W>,
  options: TableTableJoinOptions<K, V, W, R>,
  kind: JoinKind,
  resolve: ProcessorResolver | undefined,
): KTable<K, R> {
  const { graph } = left;
  const serdes = { key: left.serdes.key, value: options.value ?? json<R>() };
  const store = tableStoreSpec(serdes, options);
  const oldValues = new OldValues([left.origin.oldValues, right.origin.oldValues]);
  const keepsLeft = kind !== 'inner';
  const keepsRight = kind === 'outer';
  if (keepsLeft) left.origin.oldValues.want();
  if (keepsRight) right.origin.oldValues.want();
  const join = options.join as (left: unknown, right: unknown, key: unknown) => unknown;
  const side = (suffix: string, own: JoinedTable, other: JoinedTable, isLeft: boolean): GraphNode => {
    const spec = {
      keepsOwn: isLeft ? keepsLeft : keepsRight,
      keepsOther: isLeft ? keepsRight : keepsLeft,
      join: isLeft ? join : (value: unknown, one: unknown, key: unknown) => join(one, value, key),
      isVersioned: own.origin.isVersioned,
      oldValues,
    };
    return graph.add({
      name: `${name}-${suffix}`,
      kind: 'processor',
      parents: [own.node],
      stores: other.origin.stores,
      globalTables: [],
      detail: `${kind} join`,
      create: (environment) =>
        new TableTableJoinNode(`${name}-${suffix}`, spec, other.origin.view(environment), environment),
    });
  };
  const node = graph.add({
    name,
    kind: 'processor',
    parents: [side('this', left, right, true), side('other', right, left, false)],
    stores: [store],
    globalTables: [],
    create: (environment) => new MaterializeNode(name, store.name, store.isCached, environment),
  });
  graph.coPartition([left.node, right.node]);
  return new KTable<K, R>(graph, node, { ...storedTable(store), oldValues }, serdes, resolve);
}
