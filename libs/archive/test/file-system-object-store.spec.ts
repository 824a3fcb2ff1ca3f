import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileSystemObjectStore } from '@millrace/archive';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { objectStoreContract } from './object-store-contract.js';

let shared: string;

objectStoreContract('a folder', {
  start: async () => {
    shared = await mkdtemp(path.join(tmpdir(), 'millrace-store-'));
    return new FileSystemObjectStore(path.join(shared, 'objects'));
  },
  stop: () => rm(shared, { recursive: true }),
});

describe('FileSystemObjectStore', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'millrace-store-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('leaves no file aside, and lists none that a crash left', async () => {
    const store = new FileSystemObjectStore(folder);
    await store.put('a/b', Buffer.from('x'), { ifNoneMatch: '*' });
    await store.put('a/b', Buffer.from('y'), { ifNoneMatch: '*' });

    expect(await readdir(path.join(folder, '.incomplete'))).toEqual([]);
    await writeFile(path.join(folder, '.incomplete', 'left-over'), 'half an obj');
    expect((await store.list('')).map(({ key }) => key)).toEqual(['a/b']);
  });

  it('says what is wrong when the folder cannot be used', async () => {
    const file = path.join(folder, 'a-file');
    await writeFile(file, '');

    await expect(new FileSystemObjectStore(file).put('a', Buffer.from('x'))).rejects.toMatchObject({
      message: expect.stringContaining("cannot handle 'a' (E"),
    });
  });
});
