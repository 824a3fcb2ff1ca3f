import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { storeEngineContract } from '@millrace/streams/testing';
import { LmdbStoreEngine } from './lmdb-store-engine.js';

const PLACE = { applicationId: 'app', thread: 0, topology: 'flights', taskId: '0_0' };

describe('LmdbStoreEngine', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'millrace-lmdb-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it.each(storeEngineContract)('$title', ({ check }) => check(new LmdbStoreEngine({ directory })));

  it('keeps what was written for an engine that is made anew', () => {
    const storage = new LmdbStoreEngine({ directory }).open(PLACE);
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
