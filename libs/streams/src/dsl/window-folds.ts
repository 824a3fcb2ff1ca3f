import { SessionAggregateNode, type SessionFold } from '../aggregate/session-aggregate-node.js';
import { SlidingAggregateNode } from '../aggregate/sliding-aggregate-node.js';
import { WindowedAggregateNode } from '../aggregate/windowed-aggregate-node.js';
import type { Serde } from '../serde/serde.js';
import { json } from '../serde/serdes.js';
import { sessionView, windowView } from '../table/windowed-views.js';
import { optionMs } from '../topology/option-durations.js';
import type { GraphNode } from '../topology/specs.js';
import type { TopologyGraph } from '../topology/topology-graph.js';
import { sessionKey } from '../window/session-key-serde.js';
import {
  describeWindows,
  nameWindows,
  problemsOf,
  type SessionWindows,
  type SlidingWindows,
  type TimeWindows,
} from '../window/time-windows.js';
import type { Windowed } from '../window/windowed.js';
import { windowedKey } from '../window/windowed-key.js';
import { emitStrategyOf, emittedAsAsked } from './early-results.js';
import { addFolds, lateName, type FoldInput } from './fold-nodes.js';
import type { WindowedOptions } from './folds.js';
import type { KStream } from './k-stream.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { storeSpec, type StoreOptions } from './store-options.js';
import { storedTable } from './table-origin.js';

/** Where folds of windows are added, and what they fold. */
export interface WindowFoldPlace<K> {
  readonly graph: TopologyGraph;
  readonly inputs: readonly FoldInput[];
  readonly key: Serde<K>;
  readonly resolve: ProcessorResolver | undefined;
  /** Takes the node of late records, where they are wanted. */
  readonly late?: ((node: GraphNode) => void) | undefined;
}

/** Adds a fold of tumbling, hopping or sliding windows. */
export function foldWindows<K, A>(
  { graph, inputs, key, resolve, late }: WindowFoldPlace<K>,
  name: string,
  windows: TimeWindows | SlidingWindows,
  options: StoreOptions<A> & Omit<WindowedOptions, 'late'>,
): KTable<Windowed<K>, A> {
  for (const problem of problemsOf(windows)) graph.problems.push(`the windows of '${name}' have ${problem}`);
  const isCached = options.cache ?? false;
  const emit = emitStrategyOf(options.emit);
  const value = options.value ?? json<A>();
  const windowSizeMs = windows.kind === 'time' ? windows.sizeMs : windows.differenceMs;
  // A sliding window looks back by twice the difference.
  const neededMs = windows.graceMs + (windows.kind === 'time' ? windowSizeMs : 2 * windowSizeMs);
  const askedMs = optionMs(`retention of '${name}'`, options.retention ?? 0, graph.problems);
  const retentionMs = Math.max(neededMs, askedMs);
  const store = storeSpec({
    name: options.store,
    kind: 'window',
    key,
    value,
    windows: nameWindows(windows),
    windowSizeMs,
    // A window of exactly that age is still emitted where it waited for its close, and is gone otherwise: as in Kafka Streams.
    retentionMs: emit === 'close' ? retentionMs : retentionMs - 1,
    isFetchedByKey: windows.kind === 'sliding',
    isCached,
    engine: options.engine,
    isLogged: options.logging ?? true,
  });
  const node = addFolds(graph, inputs, {
    name,
    store,
    late,
    detail: [describeWindows(windows), ...(emit === 'close' ? ['on close'] : []), ...(isCached ? ['cached'] : [])].join(
      ', ',
    ),
    create: (own, add) => (environment) => {
      const fold = { time: name, store: store.name, add, emit, isCached, late: late && lateName(name) };
      return windows.kind === 'time'
        ? new WindowedAggregateNode(own, windows, fold, environment)
        : new SlidingAggregateNode(own, windows, fold, environment);
    },
  });
  const origin = { ...storedTable(store), view: windowView(store.name), closesAfterMs: windows.graceMs };
  const serdes = { key: windowedKey(key, windowSizeMs), value };
  const table = new KTable<Windowed<K>, A>(graph, node, origin, serdes, resolve);
  return emittedAsAsked(name, table, options, resolve);
}

/** Adds a fold of sessions; `merge` makes one aggregate of those of two sessions. */
export function foldSessions<K, A>(
  { graph, inputs, key, resolve, late }: WindowFoldPlace<K>,
  name: string,
  windows: SessionWindows,
  options: Omit<StoreOptions<A>, 'cache'> & Omit<WindowedOptions, 'late'>,
  merge: SessionFold['merge'],
): KTable<Windowed<K>, A> {
  for (const problem of problemsOf(windows)) graph.problems.push(`the windows of '${name}' have ${problem}`);
  const emit = emitStrategyOf(options.emit);
  const value = options.value ?? json<A>();
  const askedMs = optionMs(`retention of '${name}'`, options.retention ?? 0, graph.problems);
  const store = storeSpec({
    name: options.store,
    kind: 'session',
    key,
    value,
    windows: nameWindows(windows),
    retentionMs: Math.max(windows.gapMs + windows.graceMs, askedMs),
    engine: options.engine,
    isLogged: options.logging ?? true,
  });
  const node = addFolds(graph, inputs, {
    name,
    store,
    late,
    detail: `${describeWindows(windows)}${emit === 'close' ? ', on close' : ''}`,
    create: (own, add) => (environment) =>
      new SessionAggregateNode(
        own,
        windows,
        { time: name, store: store.name, add, merge, emit, late: late && lateName(name) },
        environment,
      ),
  });
  const origin = {
    ...storedTable(store),
    view: sessionView(store.name),
    closesAfterMs: windows.gapMs + windows.graceMs,
  };
  const table = new KTable<Windowed<K>, A>(graph, node, origin, { key: sessionKey(key), value }, resolve);
  return emittedAsAsked(name, table, options, resolve);
}

/** Makes of a node the stream of late records that a windowed aggregate was asked for. */
export function lateOf<K, V>(
  stream: KStream<K, V>,
  take: ((late: KStream<K, V>) => void) | undefined,
): ((node: GraphNode) => void) | undefined {
  return take && ((node) => take(stream.derived(node, stream.serdes.value)));
}
