import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { storeEngineContract } from '@millrace/streams/testing';
import fc from 'fast-check';
import { open } from 'lmdb';
import { LmdbStoreEngine } from './lmdb-store-engine.js';

const PLACE = { applicationId: 'app', thread: 0, topology: 'flights', taskId: '0_0' };

describe('LmdbStoreEngine', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'millrace-lmdb-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function fileOfStores(): string {
    return path.join(directory, 'app', '0', 'flights', '0_0', 'stores.lmdb');
  }

  it.each(storeEngineContract)('$title', ({ check }) => check(new LmdbStoreEngine({ directory })));

  it.each([true, false])('keeps what was written for an engine that is made anew, with flush: %s', (flush) => {
    const storage = new LmdbStoreEngine({ directory, flush }).open(PLACE);
    storage.write([{ store: 'one', changes: [{ key: Buffer.from('a'), value: Buffer.from('1') }], position: 1 }]);
    storage.close();

    const reopened = new LmdbStoreEngine({ directory }).open(PLACE);
    expect(reopened.store('one').get(Buffer.from('a'))?.toString()).toBe('1');
    expect(reopened.position('one')).toBe(1);
    reopened.close();
  });

  it('stays within its directory, whatever the names are', () => {
    const engine = new LmdbStoreEngine({ directory: path.join(directory, 'state') });
    engine.open({ applicationId: '..', thread: 0, topology: '../../outside', taskId: '0_0' }).close();

    expect(existsSync(path.join(directory, 'state', '%2e%2e', '0', '..%2f..%2foutside', '0_0'))).toBe(true);
  });

  it('keeps keys of any length in order, among short ones', () => {
    const letters = fc.constantFrom('a', 'b', '\0', 'ÿ');
    const key = fc
      .tuple(
        fc.constantFrom(0, 1, 1_899, 1_900, 1_901, 1_978, 5_000),
        fc.array(letters, { minLength: 1, maxLength: 3 }),
      )
      .map(([length, end]) => 'm'.repeat(length) + end.join(''));
    const change = fc.tuple(key, fc.option(fc.nat(9), { freq: 3 }));
    const writes = fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 8 });
    let run = 0;
    const property = fc.property(writes, key, key, fc.nat(6), fc.boolean(), (rounds, one, other, limit, isReverse) => {
      const storage = new LmdbStoreEngine({ directory }).open({ ...PLACE, taskId: `0_${run++}` });
      const model = new Map<string, string>();
      for (const round of rounds) {
        const changes = [...new Map(round)].sort(([left], [right]) => (left < right ? -1 : 1));
        storage.write([
          {
            store: 'rows',
            changes: changes.map(([at, value]) => ({
              key: Buffer.from(at, 'latin1'),
              value: value === null ? null : Buffer.from(String(value)),
            })),
            position: undefined,
          },
        ]);
        for (const [at, value] of changes) {
          if (value === null) model.delete(at);
          else model.set(at, String(value));
        }
      }
      const store = storage.store('rows');
      const [from, to] = [one, other].sort() as [string, string];
      const within = [...model.keys()].sort().filter((text) => text >= from && text < to);
      const expected = (isReverse ? within.reverse() : within).slice(0, limit + 1);
      const [fromBytes, toBytes] = [Buffer.from(from, 'latin1'), Buffer.from(to, 'latin1')];
      const rows = store.scan({ from: fromBytes, to: toBytes, limit: limit + 1, isReverse });
      expect(rows.map((row) => [row.key.toString('latin1'), row.value.toString()])).toEqual(
        expected.map((text) => [text, model.get(text)]),
      );
      expect(store.count()).toBe(model.size);
      for (const text of [one, other, ...model.keys()]) {
        expect(store.get(Buffer.from(text, 'latin1'))?.toString()).toBe(model.get(text));
      }
      storage.wipe('rows');
      expect(store.count()).toBe(0);
      storage.close();
    });
    fc.assert(property, { numRuns: 40 });
  });

  it('names the process that has opened the stores of an owner who was away', () => {
    const former = new LmdbStoreEngine({ directory }).open(PLACE);
    const owner = new LmdbStoreEngine({ directory }).open(PLACE);

    expect(() => former.wipe('one')).toThrow(
      expect.objectContaining({
        code: 'MR_TASK_FENCED',
        disposition: 'restart-task',
        message: expect.stringMatching(new RegExp(`process ${process.pid} on .*give each a directory of its own`)),
      }),
    );
    former.close();
    owner.close();
  });

  it('refuses for good what another version has written in a format of its own', () => {
    new LmdbStoreEngine({ directory }).open(PLACE).close();
    const environment = open({ path: fileOfStores(), keyEncoding: 'binary', encoding: 'binary', maxDbs: 8 });
    const meta = environment.openDB<Buffer, Buffer>({ name: 'meta', keyEncoding: 'binary', encoding: 'binary' });
    meta.putSync(Buffer.from('format'), Buffer.from('lmdb-9/rows-9'));
    void environment.close();

    expect(() => new LmdbStoreEngine({ directory }).open(PLACE)).toThrow(
      expect.objectContaining({
        code: 'MR_CONFIG_INVALID',
        disposition: 'stop-app',
        message: expect.stringMatching(/their format is lmdb-9\/rows-9, this version reads .*delete the directory/),
      }),
    );
  });

  it.each([
    ['holds something else', () => Buffer.alloc(20_000, 'x')],
    ['is empty space', () => Buffer.alloc(20_000)],
    ['was cut off within its first pages', (file: Buffer) => file.subarray(0, 5_000)],
    ['was cut off at its beginning', (file: Buffer) => file.subarray(0, 30)],
  ])('says what to do when the file of the stores %s, and does not end the process', (_what, damage) => {
    new LmdbStoreEngine({ directory }).open(PLACE).close();
    writeFileSync(fileOfStores(), damage(readFileSync(fileOfStores())));

    expect(() => new LmdbStoreEngine({ directory }).open(PLACE)).toThrow(
      expect.objectContaining({
        code: 'MR_STORE_FAILED',
        disposition: 'restart-task',
        message: expect.stringContaining('if its files are damaged, delete it'),
      }),
    );
  });

  it('refuses for good a file of another version of LMDB', () => {
    new LmdbStoreEngine({ directory }).open(PLACE).close();
    const file = readFileSync(fileOfStores());
    file.writeUInt32LE(77, 28);
    writeFileSync(fileOfStores(), file);

    expect(() => new LmdbStoreEngine({ directory }).open(PLACE)).toThrow(
      expect.objectContaining({
        code: 'MR_CONFIG_INVALID',
        message: expect.stringContaining('their format is LMDB 77'),
      }),
    );
  });

  it('says what to look for when the stores cannot be opened', () => {
    writeFileSync(path.join(directory, 'app'), 'a file where a directory should be');

    expect(() => new LmdbStoreEngine({ directory }).open(PLACE)).toThrow(
      expect.objectContaining({ code: 'MR_STORE_FAILED', disposition: 'restart-task' }),
    );
    expect(() => new LmdbStoreEngine({ directory: '' })).toThrow(
      expect.objectContaining({ code: 'MR_CONFIG_INVALID' }),
    );
  });
});
