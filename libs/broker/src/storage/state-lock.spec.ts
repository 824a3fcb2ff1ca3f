import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/temporary-folder.js';
import { processStart, StateLock } from './state-lock.js';

describe('the lock of a state directory', () => {
  it('is held by one broker at a time', () => {
    const folder = temporaryFolder();
    const lock = StateLock.acquire(folder);
    expect(() => StateLock.acquire(folder)).toThrow(/in use by the broker of process \d+/);
    lock.release();
    StateLock.acquire(folder).release();
    expect(existsSync(join(folder, 'broker.lock'))).toBe(false);
  });

  it('is refused while the process that holds it lives', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'broker.lock'), `${process.ppid} ${processStart(process.ppid)}\n`);
    expect(() => StateLock.acquire(folder)).toThrow(`process ${process.ppid}`);
  });

  it.each([
    ['of a process that is gone', '999999999 1'],
    ['of a process whose id was given to a later one', `${process.ppid} 1`],
    ['of an earlier run with the same process id', `${process.pid} 1`],
    ['that holds nothing readable', ''],
  ])('is taken over when it is a left-over %s', (_what, content) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'broker.lock'), content);
    StateLock.acquire(folder).release();
  });
});
