/**
 * Parts of the simulated application that only some runs have, so that each run is short and all of them together see
 * everything.
 *
 *   calling     in-call ──▶ calls to the outside, several at once ──▶ out-call
 *   retrying    in-retry ──▶ a handler that fails for a while, behind retry topics in order of keys ──▶ out-retry
 *   caching     in-cache ──▶ a cached fold ──▶ out-cached, and held back by a suppression ──▶ out-held
 *   pairing     in-left and in-right ──▶ joined within a second ──▶ out-pair
 *   relating    in-related and in-row ──▶ a foreign-key join of two tables ──▶ out-related
 *   looking-up  in-lookup ──▶ joined with a global table of in-global ──▶ out-lookup
 */
import { TopologyBuilder, json, topic, utf8, type CallOrder, type ErrorPolicy, type Topology } from '@millrace/streams';
import { NOTHING, fold, type Folded } from './folded.js';
import type { HandlerBehaviour, Joined } from './topologies.js';

/** Names of the parts. */
export const PARTS = ['calling', 'retrying', 'caching', 'pairing', 'relating', 'looking-up'] as const;

/** One of {@link PARTS}. */
export type PartName = (typeof PARTS)[number];

/** A pair of records of the two sides of a join. */
export interface Pair {
  readonly left: number;
  readonly right: number;
}

/** A row of a foreign-key join. */
export interface Related {
  readonly left: number;
  readonly row: number | null;
}

/** How far apart two records may be that are joined, in milliseconds. */
export const PAIR_WITHIN_MS = 1_000;

const id = json<number>();
const state = json<Folded>();

export const partTopics = {
  call: topic('in-call', utf8, id),
  called: topic('out-call', utf8, id),
  retry: topic('in-retry', utf8, id),
  retried: topic('out-retry', utf8, id),
  cache: topic('in-cache', utf8, id),
  cached: topic('out-cached', utf8, state),
  held: topic('out-held', utf8, state),
  left: topic('in-left', utf8, id),
  right: topic('in-right', utf8, id),
  paired: topic('out-pair', utf8, json<Pair>()),
  related: topic('in-related', utf8, id),
  row: topic('in-row', utf8, id),
  relation: topic('out-related', utf8, json<Related>()),
  lookup: topic('in-lookup', utf8, id),
  global: topic('in-global', utf8, id),
  found: topic('out-lookup', utf8, json<Joined>()),
};

/** What sources write for a part, and what it writes for others. */
export const PART_TOPICS: Readonly<
  Record<PartName, { readonly inputs: readonly string[]; readonly outputs: readonly string[] }>
> = {
  calling: names([partTopics.call], [partTopics.called]),
  retrying: names([partTopics.retry], [partTopics.retried]),
  caching: names([partTopics.cache], [partTopics.cached, partTopics.held]),
  pairing: names([partTopics.left, partTopics.right], [partTopics.paired]),
  relating: names([partTopics.related, partTopics.row], [partTopics.relation]),
  'looking-up': names([partTopics.lookup, partTopics.global], [partTopics.found]),
};

/** The key of the other table that a row of the foreign-key join names. */
export function rowOf(recordId: number): string {
  return `k${recordId % 7}`;
}

/** The error policies of a run's parts. */
export function partPolicies(parts: readonly PartName[]): Readonly<Record<string, Partial<ErrorPolicy>>> {
  if (!parts.includes('retrying')) return {};
  return { retrying: { retryTopic: { delays: [50, 200, 400], order: 'per-key' } } };
}

/** The topologies of a run's parts as one process runs them. */
export function partTopologies(parts: readonly PartName[], behaviour: HandlerBehaviour, order: CallOrder): Topology[] {
  const make: Readonly<Record<PartName, () => Topology>> = {
    calling: () => calling(behaviour, order),
    retrying: () => retrying(behaviour),
    caching,
    pairing,
    relating,
    'looking-up': lookingUp,
  };
  return parts.map((part) => make[part]());
}

function names(
  inputs: readonly { readonly name: string }[],
  outputs: readonly { readonly name: string }[],
): (typeof PART_TOPICS)[PartName] {
  return { inputs: inputs.map(({ name }) => name), outputs: outputs.map(({ name }) => name) };
}

function calling(behaviour: HandlerBehaviour, order: CallOrder): Topology {
  const t = new TopologyBuilder('calling');
  const retry = { attempts: 5, backoffBase: 10, backoffMax: 50 };
  t.stream('call-in', partTopics.call)
    .asyncMap('call', (value) => behaviour.call(value), { order, maxInFlight: 8, timeout: 200, retry })
    .to('call-out', partTopics.called);
  return t.build();
}

function retrying(behaviour: HandlerBehaviour): Topology {
  const t = new TopologyBuilder('retrying');
  t.stream('retry-in', partTopics.retry)
    .process('retry', {
      create: () => ({
        process: ({ key, value }, context) => {
          behaviour.mayBeAway(value);
          return context.forward(key, value);
        },
      }),
    })
    .to('retry-out', partTopics.retried);
  return t.build();
}

function caching(): Topology {
  const t = new TopologyBuilder('caching');
  const table = t
    .stream('cache-in', partTopics.cache)
    .groupByKey()
    .aggregate('fold-cached', { initialize: () => NOTHING, add: fold, store: 'cached-states', cache: true });
  table.toStream('cached-changes').to('cached-out', partTopics.cached);
  table
    .suppress('hold', { until: { after: 500 }, store: 'held-states' })
    .toStream('held-changes')
    .to('held-out', partTopics.held);
  return t.build();
}

function pairing(): Topology {
  const t = new TopologyBuilder('pairing');
  const right = t.stream('right-in', partTopics.right);
  t.stream('left-in', partTopics.left)
    .join('pairs', right, {
      within: { before: PAIR_WITHIN_MS, after: PAIR_WITHIN_MS },
      grace: '1d',
      join: (left, match): Pair => ({ left, right: match }),
    })
    .to('pair-out', partTopics.paired);
  return t.build();
}

function relating(): Topology {
  const t = new TopologyBuilder('relating');
  const rows = t.table('row-in', partTopics.row, { store: 'related-rows' });
  t.table('related-in', partTopics.related, { store: 'related' })
    .leftForeignKeyJoin('relate', rows, {
      foreignKey: rowOf,
      join: (left, row): Related => ({ left, row: row ?? null }),
      store: 'relations',
    })
    .toStream('related-changes')
    .to('related-out', partTopics.relation);
  return t.build();
}

function lookingUp(): Topology {
  const t = new TopologyBuilder('looking-up');
  const rows = t.globalTable('global-in', partTopics.global, { store: 'global-rows' });
  t.stream('lookup-in', partTopics.lookup)
    .leftJoin('with-global', rows, {
      by: (_value, key) => key,
      join: (value, row): Joined => ({ id: value, row: row ?? null }),
    })
    .to('lookup-out', partTopics.found);
  return t.build();
}
