import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryStoreEngine } from '../../testing/memory-store-engine.js';
import { PendingRows } from './pending-rows.js';
import type { ByteRow, TaskStorage } from './store-engine.js';

const PLACE = { applicationId: 'app', thread: 0, topology: 'rows', taskId: '0_0' };
const key = fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 }).map((bytes) => Buffer.from(bytes));
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constant('put' as const), key, value: fc.option(fc.nat(9)) }) },
  fc.record({ op: fc.constant('commit' as const) }),
  fc.record({ op: fc.constant('rollback' as const) }),
  fc.record({ op: fc.constant('scan' as const), from: key, to: key }),
  fc.record({ op: fc.constant('last' as const), from: key, to: key }),
);

function commit(storage: TaskStorage, rows: PendingRows): void {
  storage.write([{ store: 'rows', changes: rows.changes(), position: undefined }]);
  rows.clear();
}

function shown({ key: at, value }: ByteRow): readonly [string, string] {
  return [at.toString('latin1'), value.toString()];
}

describe('PendingRows', () => {
  it('shows what a map would under any sequence of writes, commits, rollbacks and scans', () => {
    const property = fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const storage = new MemoryStoreEngine().open(PLACE);
      const rows = new PendingRows('rows', storage.store('rows'));
      let model = new Map<string, string>();
      let committed = new Map<string, string>();
      const within = (from: Buffer, to: Buffer): (readonly [string, string])[] => {
        const texts = [...model.keys()].sort();
        const [first, end] = [from.toString('latin1'), to.toString('latin1')];
        return texts.filter((text) => text >= first && text < end).map((text) => [text, model.get(text) as string]);
      };
      for (const each of operations) {
        if (each.op === 'put') {
          rows.put(each.key, each.value === null ? null : Buffer.from(String(each.value)));
          if (each.value === null) model.delete(each.key.toString('latin1'));
          else model.set(each.key.toString('latin1'), String(each.value));
        } else if (each.op === 'commit') {
          commit(storage, rows);
          committed = new Map(model);
        } else if (each.op === 'rollback') {
          rows.clear();
          model = new Map(committed);
        } else if (each.op === 'scan') {
          expect([...rows.scan(each.from, each.to)].map(shown)).toEqual(within(each.from, each.to));
        } else {
          const last = rows.last(each.from, each.to);
          expect(last === undefined ? undefined : shown(last)).toEqual(within(each.from, each.to).at(-1));
        }
        expect(rows.count()).toBe(model.size);
        for (const [text, value] of model) expect(rows.get(Buffer.from(text, 'latin1'))?.toString()).toBe(value);
      }
    });
    fc.assert(property);
  });

  it('goes on with a long scan although rows change under it', () => {
    const storage = new MemoryStoreEngine().open(PLACE);
    const rows = new PendingRows('rows', storage.store('rows'));
    const keyOf = (nth: number): Buffer => Buffer.from(String(nth).padStart(4, '0'));
    for (let nth = 0; nth < 1_000; nth++) rows.put(keyOf(nth), Buffer.from('old'));
    commit(storage, rows);
    const seen: string[] = [];
    for (const { key: at, value } of rows.scan(keyOf(0), Buffer.from('a'))) {
      const nth = Number(at.toString());
      if (nth === 10) rows.put(keyOf(11), null);
      if (nth === 20) rows.put(keyOf(900), Buffer.from('new'));
      if (value.toString() === 'new' || nth === 11) seen.push(`${nth} ${value.toString()}`);
    }

    expect(seen).toEqual(['900 new']);
  });

  it('refuses a key that its storage could not take, and says of which store', () => {
    const storage = new MemoryStoreEngine().open(PLACE);
    const rows = new PendingRows('flights', storage.store('flights'));

    expect(() => rows.put(Buffer.alloc(1_001), Buffer.alloc(1))).toThrow(/'flights' has 1001 bytes/);
  });
});
