import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, SeededRandom } from '@millrace/kernel';
import { windowKeyBytes } from '../store/window-key.js';
import { MemoryRun, MemoryTopics } from '../testing/memory-topics.js';
import { DEFAULT_ERROR_POLICY, StoreSet, StreamTask, TopologyBuilder, topic, utf8, type Topology } from '../index.js';
import type { SubTopology } from '../index.js';

const words = topic('words', utf8, utf8);
const CHANGELOG = 'app-word-counts-changelog';

function counting(): { topology: Topology; sub: SubTopology } {
  const t = new TopologyBuilder('counting');
  t.stream('words', words).groupByKey().count('count', { store: 'word-counts' });
  const topology = t.build();
  return { topology, sub: topology.subTopologies[0] as SubTopology };
}

describe('StoreSet', () => {
  const { topology, sub } = counting();
  let topics: MemoryTopics;

  beforeEach(() => {
    topics = new MemoryTopics(1);
  });

  function newSet(): StoreSet {
    return new StoreSet(topology, sub, { applicationId: 'app', partition: 0, collector: topics });
  }

  function newTask(stores: StoreSet): StreamTask {
    const task = new StreamTask(topology, sub, {
      applicationId: 'app',
      partition: 0,
      collector: topics,
      policy: DEFAULT_ERROR_POLICY,
      nowMs: () => 0,
      globalTable: () => ({ get: () => undefined, size: () => 0 }),
      stores,
      calls: { clock: new ManualClock(), random: new SeededRandom(1), ended: () => undefined },
    });
    task.setCaughtUp('words', 0, true);
    return task;
  }

  async function count(task: StreamTask, ...keys: readonly string[]): Promise<void> {
    const records = keys.map((key) => ({
      key: Buffer.from(key),
      value: Buffer.from('x'),
      timestampMs: 5,
      headers: null,
    }));
    task.addRecords('words', 0, new MemoryRun(records, 0), 1);
    await task.process(keys.length, 0);
  }

  /** The changelog from an offset on, as one fetch. */
  function changelogFrom(offset: number): MemoryRun {
    return new MemoryRun(topics.log(CHANGELOG, 0).slice(offset), offset);
  }

  it('follows a changelog and remembers how far', async () => {
    const active = newTask(newSet());
    await count(active, 'a', 'b', 'a');
    active.committed();

    const standby = newSet();
    expect(standby.restorePosition('word-counts')).toBeUndefined();
    expect(standby.restore('word-counts', changelogFrom(0))).toBe(3);
    expect(standby.restorePosition('word-counts')).toBe(3);
    expect(standby.store('word-counts').size()).toBe(2);
  });

  it('is taken over by a task, which goes on from what it holds', async () => {
    const active = newTask(newSet());
    await count(active, 'a', 'a');
    active.committed();
    const standby = newSet();
    standby.restore('word-counts', changelogFrom(0));

    const promoted = newTask(standby);
    await count(promoted, 'a');

    expect(promoted.restorePosition('word-counts')).toBe(2);
    expect(topics.log(CHANGELOG, 0).at(-1)?.value?.readBigInt64BE()).toBe(3n);
  });

  it('is left behind by a closed task as of its last commit, and goes on following the changelog', async () => {
    const stores = newSet();
    const active = newTask(stores);
    await count(active, 'a');
    active.committed();
    stores.reached('word-counts', 1);
    await count(active, 'never-committed');
    // Its transaction is aborted.
    topics.log(CHANGELOG, 0).pop();

    active.close();
    expect(stores.store('word-counts').size()).toBe(1);

    const elsewhere = newSet();
    elsewhere.restore('word-counts', changelogFrom(0));
    const other = newTask(elsewhere);
    await count(other, 'a', 'b');
    other.committed();
    stores.restore('word-counts', changelogFrom(stores.restorePosition('word-counts') as number));

    const again = newTask(stores);
    await count(again, 'a');
    expect(topics.log(CHANGELOG, 0).at(-1)?.value?.readBigInt64BE()).toBe(3n);
  });

  it('never goes back', () => {
    const stores = newSet();
    stores.reached('word-counts', 9);
    stores.reached('word-counts', 4);

    expect(stores.restorePosition('word-counts')).toBe(9);
  });

  it('takes a record of a changelog once, also where reading begins a second time before it', () => {
    const t = new TopologyBuilder('joining');
    const left = t.stream('words', words);
    left.join('join', t.stream('others', topic('others', utf8, utf8)), {
      within: { before: 10, after: 10 },
      grace: 0,
      join: (one: string, other: string) => one + other,
    });
    const joining = t.build();
    const joins = joining.subTopologies[0] as SubTopology;
    const stores = new StoreSet(joining, joins, { applicationId: 'app', partition: 0, collector: topics });
    const store = joins.stores[0] as { readonly name: string };
    const row = { key: windowKeyBytes(Buffer.from('k'), 5, 0), value: Buffer.from('v'), timestampMs: 5, headers: null };

    expect(stores.restore(store.name, new MemoryRun([row], 0))).toBe(1);
    expect(stores.restore(store.name, new MemoryRun([row], 0))).toBe(0);

    expect(stores.store(store.name).size()).toBe(1);
  });

  it('knows only the stores of its sub-topology', () => {
    expect(() => newSet().store('other')).toThrow(/list it with the processor/);
  });
});
