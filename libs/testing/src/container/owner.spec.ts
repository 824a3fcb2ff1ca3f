import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isOwnerGone, ownerOf, thisOwner } from './owner.js';

describe('the owner of a container', () => {
  it('is not gone while its process lives', () => {
    expect(ownerOf(process.pid)).toBe(thisOwner());
    expect(isOwnerGone(thisOwner())).toBe(false);
  });

  it('is gone when its process has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const owner = ownerOf(child.pid!)!;
    expect(isOwnerGone(owner)).toBe(false);

    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(isOwnerGone(owner)).toBe(true);
  });

  it('is gone when another process has its pid now', () => {
    const [host, pid] = thisOwner().split(':');

    expect(isOwnerGone(`${host}:${pid}:1`)).toBe(true);
  });

  it('is left alone when it is of another machine', () => {
    expect(isOwnerGone('elsewhere:1:1')).toBe(false);
  });
});
