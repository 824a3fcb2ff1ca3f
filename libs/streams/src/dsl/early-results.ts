import { toMs, type Duration } from '@millrace/kernel';
import { EarlyResultsNode, type EarlyResultsSpec } from '../aggregate/early-results-node.js';
import type { EmitStrategy } from '../aggregate/windowed-fold.js';
import { heldView } from '../table/held-view.js';
import type { Windowed } from '../window/windowed.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { storeSpec } from './store-options.js';

/**
 * Results of windows that are still open, once a period: each window that has changed since it was last emitted. When a window
 * closes, what has changed since then is emitted too; so the last result of a window is its final one. One of the two periods, or
 * both.
 */
export interface EarlyResults {
  /** Above 0. Turns are aligned to the epoch and taken after the record that reaches them: a replay gives the same results. */
  readonly everyStreamTime?: Duration;
  /** Above 0. Turns are taken by the wall clock, also while nothing arrives. */
  readonly everyWallClock?: Duration;
}

/** When a windowed aggregate emits: on every update, once a period, or when a window closes. */
export type EmitOption = EmitStrategy | EarlyResults;

/** What the nodes that fold do for an option: where results are to be early, every update goes to who holds it back. */
export function emitStrategyOf(emit: EmitOption = 'update'): EmitStrategy {
  return typeof emit === 'string' ? emit : 'update';
}

/**
 * Holds the updates of a windowed aggregate back as its `emit` asks. The operator is named `<name>-early`; what has changed is
 * kept in the store `<store>-early`, in the heap, with a changelog.
 */
export function emittedAsAsked<K, A>(
  name: string,
  table: KTable<Windowed<K>, A>,
  { emit, store }: { readonly emit?: EmitOption | undefined; readonly store: string },
  resolve: ProcessorResolver | undefined,
): KTable<Windowed<K>, A> {
  if (emit === undefined || typeof emit === 'string') return table;
  const { graph, origin, serdes } = table;
  origin.oldValues.want();
  const everyStreamTimeMs = emit.everyStreamTime === undefined ? undefined : toMs(emit.everyStreamTime);
  const everyWallClockMs = emit.everyWallClock === undefined ? undefined : toMs(emit.everyWallClock);
  const periods = [everyStreamTimeMs, everyWallClockMs].filter((each) => each !== undefined);
  if (periods.length === 0 || periods.some((ms) => ms <= 0)) {
    graph.problems.push(
      `the early results of '${name}' have no period: give everyStreamTime or everyWallClock above 0`,
    );
  }
  const changed = storeSpec({ name: `${store}-early`, kind: 'suppress-buffer', ...serdes });
  const spec: EarlyResultsSpec = {
    time: name,
    store: changed.name,
    closesAfterMs: origin.closesAfterMs ?? 0,
    everyStreamTimeMs,
    everyWallClockMs,
  };
  const node = graph.add({
    name: `${name}-early`,
    kind: 'processor',
    parents: [table.node],
    stores: [changed],
    globalTables: [],
    detail: described(spec),
    create: (environment) => new EarlyResultsNode(`${name}-early`, spec, environment),
  });
  const shown = { ...origin, stores: [changed, ...origin.stores], view: heldView(changed.name, origin.view) };
  return new KTable(graph, node, shown, serdes, resolve);
}

function described({ everyStreamTimeMs, everyWallClockMs }: EarlyResultsSpec): string {
  const periods = [
    ...(everyStreamTimeMs === undefined ? [] : [`${everyStreamTimeMs} ms of stream time`]),
    ...(everyWallClockMs === undefined ? [] : [`${everyWallClockMs} ms of wall-clock time`]),
  ];
  return `early results every ${periods.join(' and every ')}`;
}
