import type { Duration } from '@millrace/kernel';
import { AsOfJoinNode } from '../join/as-of-join-node.js';
import { LookupJoinNode } from '../join/table-join-node.js';
import type { Serde } from '../serde/serde.js';
import { optionMs } from '../topology/option-durations.js';
import { GlobalTable } from './global-table.js';
import type { KStream } from './k-stream.js';
import type { KTable } from './k-table.js';
import { storeSpec } from './store-options.js';

/** A join with the row of a table that has the record's key: what comes of it. `K` is the key that the result has. */
export interface TableJoinOptions<K, V, TV, R> {
  readonly join: (left: V, right: TV, key: K) => R;
  /**
   * For a versioned table: how long, in stream time, a record waits for changes of the table that arrive late. Kept in the
   * store `<name>-waiting`. Default: it does not wait.
   */
  readonly grace?: Duration;
  /** How the result is written where it must be; default JSON. */
  readonly value?: Serde<R>;
}

/** Which row of a table belongs to a record, where it is not that of its own key. */
export interface LookupBy<K, V, TK> {
  /** The table's key; null finds nothing. */
  readonly by: (value: V, key: K) => TK | null;
}

type AnyOptions<K, V> = TableJoinOptions<K, V, unknown, unknown> & Partial<LookupBy<K, V, unknown>>;
type Join = (left: unknown, right: unknown, key: unknown) => unknown;

/** Adds the join of a stream with a table or a global one. */
export function joinTable<K, V>(
  name: string,
  stream: KStream<K, V>,
  table: KTable<unknown, unknown> | GlobalTable<unknown, unknown>,
  options: AnyOptions<K, V>,
  isLeft: boolean,
): KStream<K, unknown> {
  if (table instanceof GlobalTable) return joinGlobalTable(name, stream, table, options, isLeft);
  if (options.by === undefined) return joinByKey(name, stream.partitioned(), table, options, isLeft);
  // Another key than the record's own: the record goes to where the row is.
  const { by, ...rest } = options;
  const there = stream.rekey(name, by, table.serdes.key).repartition(`${name}-by`);
  // The key is the table's from here on, as the overloads of `join` say.
  return joinByKey(`${name}-lookup`, there, table, rest as never, isLeft) as unknown as KStream<K, unknown>;
}

function joinGlobalTable<K, V>(
  name: string,
  stream: KStream<K, V>,
  table: GlobalTable<unknown, unknown>,
  options: AnyOptions<K, V>,
  isLeft: boolean,
): KStream<K, unknown> {
  const by = (options.by ?? ((_value: V, key: K) => key)) as (value: unknown, key: unknown) => unknown;
  if (options.grace !== undefined) {
    stream.graph.problems.push(`the join '${name}' has a grace, but a global table keeps no versions: leave it out`);
  }
  const node = stream.graph.add({
    name,
    kind: 'processor',
    parents: [stream.node],
    stores: [],
    globalTables: [table.name],
    keepsNullKeys: isLeft,
    create: (environment) => {
      const rows = environment.globalTable(table.name);
      const lookup = { isLeft, by, lookUp: (key: unknown) => rows.get(key), join: options.join as Join };
      return new LookupJoinNode(name, lookup, environment);
    },
  });
  return stream.derived(node, options.value);
}

function joinByKey<K, V>(
  name: string,
  stream: KStream<K, V>,
  table: KTable<unknown, unknown>,
  options: AnyOptions<K, V>,
  isLeft: boolean,
): KStream<K, unknown> {
  const { graph, serdes } = stream;
  const join = options.join as Join;
  const { origin } = table;
  graph.coPartition([stream.node, table.node]);
  if (options.grace === undefined) {
    const node = graph.add({
      name,
      kind: 'processor',
      parents: [stream.node],
      stores: origin.stores,
      globalTables: [],
      keepsNullKeys: isLeft,
      create: (environment) => {
        const view = origin.view(environment);
        const lookUp = (key: unknown, timestampMs: number): unknown => view.rowAsOf(key, timestampMs)?.value;
        return new LookupJoinNode(name, { isLeft, by: (_value, key) => key, lookUp, join }, environment);
      },
    });
    return stream.derived(node, options.value);
  }
  const graceMs = optionMs(`grace of '${name}'`, options.grace, graph.problems);
  if (!origin.isVersioned) {
    graph.problems.push(`the join '${name}' has a grace, but its table keeps no versions: give the table a history`);
  }
  const waiting = storeSpec({ name: `${name}-waiting`, kind: 'time-buffer', ...serdes });
  const node = graph.add({
    name,
    kind: 'processor',
    parents: [stream.node],
    stores: [waiting, ...origin.stores],
    globalTables: [],
    keepsNullKeys: isLeft,
    detail: `grace ${graceMs} ms`,
    create: (environment) =>
      new AsOfJoinNode(name, { isLeft, store: waiting.name, graceMs, join }, origin.view(environment), environment),
  });
  return stream.derived(node, options.value);
}
