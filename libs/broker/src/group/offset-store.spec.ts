import { describe, expect, it } from '@jest/globals';
import type { JournalEntry, OffsetRow } from '../storage/journal-entry.js';
import { OffsetStore } from './offset-store.js';

const row = (offset: number, topic = 't'): OffsetRow => [topic, 0, offset, -1, '', 0];

/** The same store, as it is after a restart from what it wrote down. */
function restored(store: OffsetStore): OffsetStore {
  const again = new OffsetStore();
  for (const entry of store.snapshot()) again.apply(JSON.parse(JSON.stringify(entry)) as JournalEntry);
  return again;
}

describe.each([
  ['offsets', (store: OffsetStore) => store],
  ['offsets after a restart', restored],
])('%s', (_when, later) => {
  it('of a transaction are pending until it commits', () => {
    const store = new OffsetStore();
    store.commit('g', [row(1)]);
    store.commitInTransaction('g', 7, 0, [row(5)]);
    const after = later(store);
    expect(after.isPending('g', 't', 0)).toBe(true);
    expect(after.get('g', 't', 0)?.[2]).toBe(1);
    after.endTransaction('g', 7, true);
    expect(after.isPending('g', 't', 0)).toBe(false);
    expect(after.get('g', 't', 0)?.[2]).toBe(5);
  });

  it('of an aborted transaction vanish', () => {
    const store = new OffsetStore();
    store.commitInTransaction('g', 7, 0, [row(5)]);
    const after = later(store);
    after.endTransaction('g', 7, false);
    expect(after.get('g', 't', 0)).toBeUndefined();
    expect(after.isPending('g', 't', 0)).toBe(false);
  });

  it('of a transaction yield to a later commit outside of it', () => {
    const store = new OffsetStore();
    store.commitInTransaction('g', 7, 0, [row(5)]);
    store.commit('g', [row(9)]);
    const after = later(store);
    after.endTransaction('g', 7, true);
    expect(after.get('g', 't', 0)?.[2]).toBe(9);
  });

  it('of two transactions do not mix', () => {
    const store = new OffsetStore();
    store.commitInTransaction('g', 7, 0, [row(5)]);
    store.commitInTransaction('g', 8, 0, [row(6, 'u')]);
    const after = later(store);
    after.endTransaction('g', 7, true);
    expect([after.isPending('g', 't', 0), after.isPending('g', 'u', 0)]).toEqual([false, true]);
    expect(after.all('g').map((each) => each[2])).toEqual([5]);
  });

  it('of a deleted topic are gone', () => {
    const store = new OffsetStore();
    store.commit('g', [row(1), row(2, 'u')]);
    store.commitInTransaction('g', 7, 0, [row(5)]);
    store.forgetTopic('t');
    const after = later(store);
    after.endTransaction('g', 7, true);
    expect(after.all('g').map((each) => each[0])).toEqual(['u']);
  });
});
