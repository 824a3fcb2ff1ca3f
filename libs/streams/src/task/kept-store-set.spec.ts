import { beforeEach, describe, expect, it } from '@jest/globals';
import { TaskError } from '@millrace/kernel';
import { windowKeyBytes } from '../store/window-key.js';
import { MemoryStoreEngine } from '../testing/index.js';
import { MemoryRun, MemoryTopics, type RawRecord } from '../testing/memory-topics.js';
import {
  StoreSet,
  TopologyBuilder,
  keyValueStore,
  topic,
  utf8,
  windowStore,
  type Serde,
  type Topology,
} from '../index.js';
import type { StoreDefinition, StoreEngine, SubTopology, TaskStorage } from '../index.js';

/** An engine whose disk is full while it is told so. */
class FullDisk implements StoreEngine {
  isFull = false;
  readonly #disk = new MemoryStoreEngine();

  open(...place: Parameters<StoreEngine['open']>): TaskStorage {
    const storage = this.#disk.open(...place);
    return {
      ...storage,
      write: (stores) => {
        if (this.isFull) throw new TaskError('MR_STORE_FAILED', 'no room is left on the disk');
        storage.write(stores);
      },
    };
  }
}

function record(key: Buffer | string, value: string | null, timestampMs = 5): RawRecord {
  return { key: Buffer.from(key), value: value === null ? null : Buffer.from(value), timestampMs, headers: null };
}

/** A topology with these stores, in one sub-topology. */
function holding(stores: readonly StoreDefinition[]): Topology {
  const builder = new TopologyBuilder('kept');
  builder
    .stream('words', topic('words', utf8, utf8))
    .process('keep', { stores, create: () => ({ process: () => undefined }) })
    .to('out', topic('out', utf8, utf8));
  return builder.build();
}

describe('a StoreSet that an engine keeps', () => {
  let disk: FullDisk;

  beforeEach(() => {
    disk = new FullDisk();
  });

  function open(topology: Topology, engine: 'disk' | 'memory' = 'disk'): StoreSet {
    const sub = topology.subTopologies[0] as SubTopology;
    return new StoreSet(topology, sub, {
      applicationId: 'app',
      partition: 0,
      collector: new MemoryTopics(1),
      storeEngines: { default: engine, byName: new Map([['disk', disk]]) },
    });
  }

  it('restores again what could not be kept', () => {
    const topology = holding([keyValueStore('words-seen', { key: utf8, value: utf8 })]);
    const log = [record('a', '1'), record('b', '2'), record('c', '3')];
    const stores = open(topology);
    stores.restore('words-seen', new MemoryRun(log.slice(0, 1), 0));
    stores.restored('words-seen');
    disk.isFull = true;
    stores.restore('words-seen', new MemoryRun(log.slice(1), 1));
    expect(() => stores.restored('words-seen')).toThrow(expect.objectContaining({ code: 'MR_STORE_FAILED' }));
    disk.isFull = false;

    const from = stores.restorePosition('words-seen') as number;
    expect(from).toBe(1);
    stores.restore('words-seen', new MemoryRun(log.slice(from), from));
    stores.restored('words-seen');
    stores.close();
    expect(open(topology).store('words-seen').size()).toBe(3);
  });

  it('keeps the time of a windowed store that was restored again', () => {
    const minutes = windowStore('minutes', { key: utf8, value: utf8, size: 10, retention: 100 });
    const topology = holding([minutes]);
    const log = [record(windowKeyBytes(Buffer.from('a'), 1_000, 0), '1')];
    const stores = open(topology);
    disk.isFull = true;
    stores.restore('minutes', new MemoryRun(log, 0));
    expect(() => stores.restored('minutes')).toThrow(expect.objectContaining({ code: 'MR_STORE_FAILED' }));
    disk.isFull = false;
    stores.restore('minutes', new MemoryRun(log, 0));
    stores.restored('minutes');
    stores.close();

    const reopened = open(topology);
    reopened.restore('minutes', new MemoryRun([record(windowKeyBytes(Buffer.from('b'), 500, 0), 'late')], 1));
    expect(reopened.store('minutes').size()).toBe(1);
  });

  it.each(['disk', 'memory'] as const)('decodes each row of a table once while it restores it into %s', (engine) => {
    let decoded = 0;
    const counted: Serde<string> = {
      ...utf8,
      deserialize: (...range) => {
        decoded++;
        return utf8.deserialize(...range);
      },
    };
    const builder = new TopologyBuilder('tables');
    builder.table('rows', topic('rows', utf8, counted), { store: 'rows' });
    open(builder.build(), engine).restore('rows', new MemoryRun([record('a', '1'), record('b', '2')], 0));

    expect(decoded).toBe(2);
  });

  it('passes over a row of a table whose key no storage takes, as that was dead-lettered', () => {
    const builder = new TopologyBuilder('tables');
    builder.table('rows', topic('rows', utf8, utf8), { store: 'rows' });
    const stores = open(builder.build());

    expect(stores.restore('rows', new MemoryRun([record('k'.repeat(2_000), '1'), record('b', '2')], 0))).toBe(1);
    stores.restored('rows');
    expect(stores.restorePosition('rows')).toBe(2);
  });

  it('lets as many windows go as come, however many come between two commits', () => {
    const minutes = windowStore('minutes', { key: utf8, value: utf8, size: 10, retention: 100 });
    const perCommit = 6_000;
    const rows = disk.open({ applicationId: 'app', thread: 0, topology: 'kept', taskId: '0_0' });
    const kept: number[] = [];
    const stores = open(holding([minutes]));
    for (let nth = 0; nth < 5; nth++) {
      const log = Array.from({ length: perCommit }, (_, at) =>
        record(windowKeyBytes(Buffer.from(`k${at}`), nth * 1_000, 0), 'x'),
      );
      stores.restore('minutes', new MemoryRun(log, nth * perCommit));
      stores.restored('minutes');
      kept.push(rows.store('minutes').count());
    }

    // A row and its entry in the index for each window, and the store's time: those of one commit, and of the one that is leaving.
    expect(Math.max(...kept)).toBeLessThanOrEqual(2 * 2 * perCommit + 1);
  });
});
