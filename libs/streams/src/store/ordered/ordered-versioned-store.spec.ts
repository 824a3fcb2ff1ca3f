import { describe, expect, it } from '@jest/globals';
import { StoreSet, TopologyBuilder, json, topic, utf8, versionedStore, type SubTopology } from '../../index.js';
import type { VersionedKeyValueStore } from '../../index.js';
import { MemoryStoreEngine } from '../../testing/memory-store-engine.js';
import { MemoryTopics } from '../../testing/memory-topics.js';

const versions = versionedStore('versions', { key: utf8, value: json<number>(), history: 20 });

describe('OrderedVersionedStore', () => {
  it('keeps a value that takes the place of a deletion of the same time, when that time becomes history', () => {
    const t = new TopologyBuilder('versioned');
    t.stream('words', topic('words', utf8, utf8)).process('keep', {
      stores: [versions],
      create: () => ({ process: () => undefined }),
    });
    const topology = t.build();
    const set = new StoreSet(topology, topology.subTopologies[0] as SubTopology, {
      applicationId: 'app',
      partition: 0,
      collector: new MemoryTopics(1),
      storeEngines: { default: 'engine', byName: new Map([['engine', new MemoryStoreEngine()]]) },
    });
    const store = set.store('versions') as unknown as VersionedKeyValueStore<string, number>;
    store.put('a', null, 16);
    set.commit();
    store.put('a', 1, 16);
    store.put('b', 2, 37);
    set.commit();

    expect(store.row('a')).toEqual({ value: 1, timestampMs: 16 });
  });
});
