import type { Duration } from '@millrace/kernel';
import { StreamJoinNode, type StreamJoin, type UnmatchedRecords } from '../join/stream-join-node.js';
import { PassNode } from '../processor/stateless.js';
import type { Serde } from '../serde/serde.js';
import { optionMs } from '../topology/option-durations.js';
import type { GraphNode, StoreSpec } from '../topology/specs.js';
import type { KStream } from './k-stream.js';
import { storeSpec } from './store-options.js';

/** A windowed join of two streams. */
export interface StreamJoinOptions<K, V, W, R> {
  /** How far before and after a left record the right one may lie, both ends included. */
  readonly within: { readonly before: Duration; readonly after: Duration };
  /** How long after its window's end, in stream time, a late record still counts. */
  readonly grace: Duration;
  readonly join: (left: V, right: W, key: K) => R;
  /** When a record is emitted that has no match, of a side that keeps such; default `early`, as Kafka Streams does. */
  readonly unmatched?: UnmatchedRecords;
  readonly value?: Serde<R>;
  /** What keeps both sides; see `StoreOptions.engine`. */
  readonly engine?: string;
}

/** Which sides keep their records that have no match: none, the left, or both. */
export type JoinKind = 'inner' | 'left' | 'outer';

/** Adds the join of two streams. */
export function joinStreams<K, V, W, R>(
  name: string,
  one: KStream<K, V>,
  other: KStream<K, W>,
  options: StreamJoinOptions<K, V, W, R>,
  kind: JoinKind,
): KStream<K, R> {
  const left = one.partitioned();
  const right = (other as unknown) === one ? (left as unknown as KStream<K, W>) : other.partitioned();
  const { graph } = left;
  const beforeMs = optionMs(`within.before of '${name}'`, options.within.before, graph.problems);
  const afterMs = optionMs(`within.after of '${name}'`, options.within.after, graph.problems);
  const graceMs = optionMs(`grace of '${name}'`, options.grace, graph.problems);
  const unmatched = options.unmatched ?? 'early';
  // A row of exactly the retention's age is gone, as in Kafka Streams; `at-close` promises that it counts.
  const retentionMs = beforeMs + afterMs + graceMs + (unmatched === 'at-close' ? 1 : 0);
  const store = (suffix: string, kindOfStore: StoreSpec['kind'], value: Serde<unknown>): StoreSpec =>
    storeSpec({
      name: `${name}-${suffix}`,
      kind: kindOfStore,
      key: left.serdes.key,
      value,
      retentionMs,
      engine: options.engine,
    });
  const leftStore = store('left', 'join-window', left.serdes.value);
  const rightStore = store('right', 'join-window', right.serdes.value);
  const leftUnmatched = kind === 'inner' ? [] : [store('unmatched', 'join-unmatched', left.serdes.value)];
  const rightUnmatched = kind === 'outer' ? [store('unmatched-right', 'join-unmatched', right.serdes.value)] : [];
  const join: StreamJoin = {
    name,
    beforeMs,
    afterMs,
    graceMs,
    unmatched,
    left: { store: leftStore.name, unmatchedStore: leftUnmatched[0]?.name },
    right: { store: rightStore.name, unmatchedStore: rightUnmatched[0]?.name },
    join: options.join as StreamJoin['join'],
  };
  const times = `before ${beforeMs} ms, after ${afterMs} ms, grace ${graceMs} ms`;
  const side = (suffix: string, parent: GraphNode, isLeftSide: boolean): GraphNode =>
    graph.add({
      name: `${name}-${suffix}`,
      kind: 'processor',
      parents: [parent],
      stores: [leftStore, rightStore, ...leftUnmatched, ...rightUnmatched],
      globalTables: [],
      keepsNullKeys: kind !== 'inner',
      detail: `${kind} join, ${times}${kind === 'inner' ? '' : `, unmatched ${unmatched}`}`,
      create: (environment) => new StreamJoinNode(`${name}-${suffix}`, join, isLeftSide, environment),
    });
  const node = graph.add({
    name,
    kind: 'processor',
    parents: [side('this', left.node, true), side('other', right.node, false)],
    stores: [],
    globalTables: [],
    create: () => new PassNode(name),
  });
  graph.coPartition([left.node, right.node]);
  return left.derived(node, options.value);
}
