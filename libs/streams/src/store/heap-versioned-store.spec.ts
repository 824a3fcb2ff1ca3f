import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChangelogLog } from '../../test/changelog-log.js';
import { json, utf8 } from '../serde/serdes.js';
import { HeapVersionedStore } from './heap-versioned-store.js';

const HISTORY_MS = 20;
const key = fc.constantFrom('a', 'b');
const operation = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('put' as const),
      key,
      timestampMs: fc.nat(60),
      value: fc.option(fc.nat(9)),
    }),
  },
  fc.record({ op: fc.constantFrom('commit' as const, 'rollback' as const, 'restart' as const) }),
);

interface Version {
  readonly key: string;
  readonly timestampMs: number;
  readonly value: number | null;
}

function aStore(log?: ChangelogLog): HeapVersionedStore<string, number> {
  return new HeapVersionedStore('versions', { key: utf8, value: json<number>() }, HISTORY_MS, log);
}

/** What a plain list of all versions says. */
class Model {
  versions: readonly Version[] = [];

  get latestMs(): number {
    return Math.max(-1, ...this.versions.map((each) => each.timestampMs));
  }

  put(version: Version): string {
    if (version.timestampMs < this.latestMs - HISTORY_MS) return 'refused';
    const others = this.versions.filter((each) => each.key !== version.key || each.timestampMs !== version.timestampMs);
    this.versions = [...others, version];
    return this.asOf(version.key, Infinity) === version ? 'latest' : 'older';
  }

  asOf(wanted: string, timestampMs: number): Version | undefined {
    const own = this.versions.filter((each) => each.key === wanted);
    const newest = (upToMs: number): Version | undefined =>
      own
        .filter((each) => each.timestampMs <= upToMs)
        .sort((one, other) => one.timestampMs - other.timestampMs)
        .at(-1);
    const found = newest(timestampMs);
    return timestampMs < this.latestMs - HISTORY_MS && found !== newest(Infinity) ? undefined : found;
  }

  value(wanted: string, timestampMs = Infinity): number | undefined {
    return this.asOf(wanted, timestampMs)?.value ?? undefined;
  }
}

describe('HeapVersionedStore', () => {
  it('equals a list of all versions under any writes, commits, rollbacks and restarts, for every time asked for', () => {
    const property = fc.property(fc.array(operation, { maxLength: 40 }), fc.nat(70), (operations, asOfMs) => {
      const log = new ChangelogLog();
      let store = aStore(log);
      const model = new Model();
      let committed = model.versions;
      for (const each of operations) {
        if (each.op === 'put') {
          expect(store.put(each.key, each.value, each.timestampMs)).toBe(model.put(each));
        } else if (each.op === 'commit') {
          store.commit();
          log.commit();
          committed = model.versions;
        } else {
          log.rollback();
          model.versions = committed;
          if (each.op === 'rollback') store.rollback();
          else log.restoreInto((store = aStore(log)));
        }
        for (const wanted of ['a', 'b']) {
          expect(store.row(wanted)?.value).toBe(model.value(wanted));
          expect(store.rowAsOf(wanted, asOfMs)?.value).toBe(model.value(wanted, asOfMs));
        }
      }
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('keeps the latest version of a key for ever, however old', () => {
    const store = aStore();
    store.put('a', 1, 0);
    store.put('b', 2, 1_000);
    store.commit();

    expect(store.row('a')).toMatchObject({ value: 1, timestampMs: 0 });
    expect(store.rowAsOf('a', 5)).toMatchObject({ value: 1 });
    expect(store.size()).toBe(2);
  });
});
