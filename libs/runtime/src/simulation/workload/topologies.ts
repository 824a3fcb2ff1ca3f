/**
 * What the simulated application does: every kind of step whose correctness depends on what the runtime does.
 *
 *   in-map ──▶ mapped ──▶ out-map                                        no state
 *   in-count ──▶ a processor with a store ──▶ out-count                  a store of its own, with a changelog
 *   in-window ──▶ by group (repartition) ──▶ windowed fold ──▶ out-window
 *   in-join ──▶ joined with in-table ──▶ out-join                        a table
 *
 * Each output carries the id of the input record that it follows from.
 */
import {
  TopologyBuilder,
  json,
  keyValueStore,
  topic,
  tumbling,
  utf8,
  windowedKey,
  type KeyValueStore,
  type Outcome,
  type Topology,
} from '@millrace/streams';
import { NOTHING, fold, type Folded } from './folded.js';

export const APPLICATION_ID = 'sim';
export const WINDOW_MS = 5_000;

/** A joined record: its id and the version of the table's row that it met. */
export interface Joined {
  readonly id: number;
  readonly row: number | null;
}

const id = json<number>();
const state = json<Folded>();

export const topics = {
  map: topic('in-map', utf8, id),
  mapped: topic('out-map', utf8, id),
  count: topic('in-count', utf8, id),
  counted: topic('out-count', utf8, state),
  window: topic('in-window', utf8, id),
  windowed: topic('out-window', windowedKey(utf8, WINDOW_MS), state),
  table: topic('in-table', utf8, id),
  join: topic('in-join', utf8, id),
  joined: topic('out-join', utf8, json<Joined>()),
};

/** The topics that sources write to. */
export const INPUTS = [topics.map, topics.count, topics.window, topics.table, topics.join].map(({ name }) => name);
/** The topics that the application writes to for others. */
export const OUTPUTS = [topics.mapped, topics.counted, topics.windowed, topics.joined].map(({ name }) => name);
export const REPARTITION = `${APPLICATION_ID}-by-group-repartition`;
export const COUNT_CHANGELOG = `${APPLICATION_ID}-counts-changelog`;
export const WINDOW_CHANGELOG = `${APPLICATION_ID}-window-states-changelog`;

/** The group of a record of the windowed part. */
export function groupOf(recordId: number): string {
  return `g${recordId % 5}`;
}

/** What handlers of one process do besides their work. */
export interface HandlerBehaviour {
  /** Called for each record that a handler sees; may take time, fail, or say how often the record is to be passed on. */
  handle(stage: 'map' | 'count' | 'window' | 'join', recordId: number): number | Promise<number>;
  /** The order in which the stateless part passes records on: all that may go by now. */
  reorder(recordId: number): readonly number[];
  /** Answers a record's call to the outside with its id, after a while; may fail. */
  call(recordId: number): Promise<number>;
  /** Throws when what a record needs is away for now; it is back after a few tries. */
  mayBeAway(recordId: number): void;
  /** A task with the store of the counts has begun, or ended. */
  storeOpened(partition: number, store: KeyValueStore<string, Folded>): void;
  storeClosed(partition: number, store: KeyValueStore<string, Folded>): void;
}

/** The topologies as one process runs them. */
export function simulatedTopologies(behaviour: HandlerBehaviour): Topology[] {
  return [mapping(behaviour), counting(behaviour), windowing(behaviour), joining(behaviour)];
}

/** Waits for a handler where it takes time, and only there. */
function after(handled: number | Promise<number>, act: (times: number) => Outcome): Outcome {
  return typeof handled === 'number' ? act(handled) : handled.then(act);
}

function mapping(behaviour: HandlerBehaviour): Topology {
  const t = new TopologyBuilder('mapping');
  t.stream('map-in', topics.map)
    .process('map', {
      create: () => ({
        process: ({ key, value }, context) =>
          after(behaviour.handle('map', value), (times) => {
            for (const each of behaviour.reorder(value)) {
              for (let nth = 0; nth < times; nth++) void context.forward(key, each);
            }
          }),
      }),
    })
    .to('map-out', topics.mapped);
  return t.build();
}

function counting(behaviour: HandlerBehaviour): Topology {
  const t = new TopologyBuilder('counting');
  const definition = keyValueStore('counts', { key: utf8, value: state });
  t.stream('count-in', topics.count)
    .process(
      'count',
      {
        stores: [definition],
        create: () => {
          let counts: KeyValueStore<string, Folded>;
          let partition = -1;
          return {
            init: (context) => {
              counts = context.store(definition);
              partition = context.partition;
              behaviour.storeOpened(partition, counts);
            },
            process: ({ key, value }, context) =>
              after(behaviour.handle('count', value), (times) => {
                let next = counts.get(key) ?? NOTHING;
                for (let nth = 0; nth < times; nth++) next = fold(next, value);
                counts.put(key, next);
                return context.forward(key, next);
              }),
            close: () => behaviour.storeClosed(partition, counts),
          };
        },
      },
      { key: utf8, value: state },
    )
    .to('count-out', topics.counted);
  return t.build();
}

function windowing(behaviour: HandlerBehaviour): Topology {
  const t = new TopologyBuilder('windowing');
  t.stream('window-in', topics.window)
    .process('window-handled', {
      create: () => ({
        process: ({ key, value }, context) =>
          after(behaviour.handle('window', value), () => context.forward(key, value)),
      }),
    })
    .groupBy('by-group', (value) => groupOf(value), utf8)
    .windowedBy(tumbling({ size: WINDOW_MS, grace: '1d' }))
    .aggregate('fold-window', { initialize: () => NOTHING, add: fold, store: 'window-states' })
    .toStream('window-changes')
    .to('window-out', topics.windowed);
  return t.build();
}

function joining(behaviour: HandlerBehaviour): Topology {
  const t = new TopologyBuilder('joining');
  const rows = t.table('table', topics.table, { store: 'rows' });
  t.stream('join-in', topics.join)
    .process('join-handled', {
      create: () => ({
        process: ({ key, value }, context) => after(behaviour.handle('join', value), () => context.forward(key, value)),
      }),
    })
    .leftJoin('with-row', rows, { join: (value, row): Joined => ({ id: value, row: row ?? null }) })
    .to('join-out', topics.joined);
  return t.build();
}
