import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChangelogLog } from '../../test/changelog-log.js';
import { int64, json, utf8 } from '../serde/serdes.js';
import { HeapKeyValueStore } from './key-value-store.js';

const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant('put' as const), key: fc.constantFrom('a', 'b', 'c'), value: fc.nat(9) }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('delete' as const), key: fc.constantFrom('a', 'b', 'c') }) },
  fc.record({
    op: fc.constantFrom('commit' as const, 'rollback' as const, 'restart' as const, 'restart-compacted' as const),
  }),
);

describe('HeapKeyValueStore', () => {
  it('equals a plain map under any sequence of writes, commits, rollbacks and restarts', () => {
    const property = fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const log = new ChangelogLog();
      const make = (): HeapKeyValueStore<string, number> =>
        new HeapKeyValueStore('numbers', { key: utf8, value: json<number>() }, () => 7, log);
      let store = make();
      let committed = new Map<string, number>();
      let model = new Map<string, number>();
      for (const each of operations) {
        if (each.op === 'put') {
          store.put(each.key, each.value);
          model.set(each.key, each.value);
        } else if (each.op === 'delete') {
          store.delete(each.key);
          model.delete(each.key);
        } else if (each.op === 'commit') {
          store.commit();
          log.commit();
          committed = new Map(model);
        } else {
          log.rollback();
          model = new Map(committed);
          if (each.op === 'rollback') store.rollback();
          else log.restoreInto((store = make()), each.op === 'restart-compacted');
        }
        expect(new Map([...store.entries()].map(([key, { value }]) => [key, value]))).toEqual(model);
        expect(store.size()).toBe(model.size);
        for (const key of ['a', 'b', 'c']) expect(store.get(key)).toBe(model.get(key));
      }
    });
    fc.assert(property);
  });

  it('remembers the timestamp of the record that set a value, also after a restart', () => {
    const log = new ChangelogLog();
    const store = new HeapKeyValueStore('numbers', { key: utf8, value: json<number>() }, () => 7, log);
    store.put('now', 1);
    store.put('then', 2, 3);
    log.commit();
    const restored = new HeapKeyValueStore('numbers', { key: utf8, value: json<number>() }, () => 99);
    log.restoreInto(restored);

    expect(restored.getWithTimestamp('now')).toMatchObject({ value: 1, timestampMs: 7 });
    expect(restored.getWithTimestamp('then')).toMatchObject({ value: 2, timestampMs: 3 });
  });

  it('tells keys that are objects apart by their bytes', () => {
    const store = new HeapKeyValueStore('pairs', { key: json<{ id: number }>(), value: json<number>() }, () => 0);
    store.put({ id: 1 }, 10);

    expect(store.get({ id: 1 })).toBe(10);
    expect(store.get({ id: 2 })).toBeUndefined();
  });

  it('leaves what it restores undecoded until somebody asks for it', () => {
    let decoded = 0;
    const value = {
      ...int64,
      deserialize: (...range: Parameters<typeof int64.deserialize>) => (decoded++, int64.deserialize(...range)),
    };
    const log = new ChangelogLog();
    const store = new HeapKeyValueStore('numbers', { key: utf8, value }, () => 7, log);
    for (const key of ['a', 'b', 'c']) store.put(key, 1);
    log.commit();
    const restored = new HeapKeyValueStore('numbers', { key: utf8, value }, () => 7);
    log.restoreInto(restored);
    expect(decoded).toBe(0);

    expect([restored.get('a'), restored.get('a'), restored.get('d')]).toEqual([1, 1, undefined]);
    expect(decoded).toBe(1);
    expect([...restored.entries()].map(([key]) => key).sort()).toEqual(['a', 'b', 'c']);
    expect(decoded).toBe(3);
  });

  it('equals a map of what can be read, where others have written what it is restored from', () => {
    // The last two are no UTF-8, and are read as the same text.
    const key = fc.constantFrom(
      ...['a', 'b', 'é'].map((text) => Buffer.from(text)),
      Buffer.from([0xfe]),
      Buffer.from([0xff]),
    );
    const value = fc.constantFrom('1', ' 2', '[3', '"\\ud800"', '{"a":4}', null);
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ key, value, timestampMs: fc.nat(9) }) },
      fc.constantFrom('a', 'b', 'é', '\ufffd'),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const store = new HeapKeyValueStore('rows', { key: utf8, value: json<unknown>() }, () => 7, undefined, true);
        const model = new Map<string, object>();
        for (const each of steps) {
          if (typeof each === 'string') {
            expect(store.getWithTimestamp(each)).toEqual(model.get(each));
            continue;
          }
          const written = Buffer.concat([each.key, Buffer.from(each.value ?? '')]);
          const [keyEnd, valueStart] = [each.key.length, each.value === null ? -1 : each.key.length];
          const restore = (): void => store.restore(written, 0, keyEnd, valueStart, written.length, each.timestampMs);
          if (each.value === '[3') {
            expect(restore).toThrow(expect.objectContaining({ disposition: 'dead-letter' }));
            continue;
          }
          restore();
          const text = each.key.toString();
          const { timestampMs } = each;
          if (each.value === null) model.delete(text);
          else model.set(text, expect.objectContaining({ value: JSON.parse(each.value) as unknown, timestampMs }));
        }
        expect(store.size()).toBe(model.size);
        expect(new Map(store.entries())).toEqual(model);
      }),
      { numRuns: 500 },
    );
  });

  it('restarts its task when a restored value cannot be read, so that no record is a dead letter for it', () => {
    const log = new ChangelogLog();
    new HeapKeyValueStore('numbers', { key: utf8, value: utf8 }, () => 7, log).put('a', 'not a number');
    log.commit();
    const restored = new HeapKeyValueStore('numbers', { key: utf8, value: int64 }, () => 7);
    log.restoreInto(restored);

    expect(() => restored.get('a')).toThrow(
      expect.objectContaining({ code: 'MR_STORE_CORRUPT', disposition: 'restart-task' }),
    );
  });
});
