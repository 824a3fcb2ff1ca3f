import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { FatalError } from '@millrace/kernel';
import { temporaryFolder } from '../../test/temporary-folder.js';
import { FILE_SYSTEM, type Disk } from './disk.js';
import { MemoryDisk } from './memory-disk.js';

const DISKS: readonly (readonly [string, () => { disk: Disk; folder: string }])[] = [
  ['the file system', () => ({ disk: FILE_SYSTEM, folder: temporaryFolder() })],
  ['a disk in the heap', () => ({ disk: new MemoryDisk(), folder: 'folder' })],
];

describe.each(DISKS)('%s, as a disk of the broker', (_name, make) => {
  it('keeps what was appended, over a reopening', () => {
    const { disk, folder } = make();
    const file = disk.open(join(folder, 'a.log'));
    file.append([Buffer.from('one '), Buffer.from('two')]);
    file.close();

    const again = disk.open(join(folder, 'a.log'));
    expect(again.sizeInBytes).toBe(7);
    expect(again.read(4, 100).toString()).toBe('two');
    again.append([Buffer.from('!'.repeat(5_000))]);
    expect(again.read(0, 8).toString()).toBe('one two!');
    expect(again.read(5_007, 1)).toHaveLength(0);
    again.close();
  });

  it('gives back what was cut off to what is appended next', () => {
    const { disk, folder } = make();
    const file = disk.open(join(folder, 'a.log'));
    file.append([Buffer.from('whole torn')]);
    const before = file.read(0, 10);
    file.truncate(6);
    file.append([Buffer.from('next')]);

    expect(file.read(0, 100).toString()).toBe('whole next');
    expect(before.toString()).toBe('whole torn');
    file.close();
  });

  it('names what is in a folder, renames over what is there, and removes folders with all that is in them', () => {
    const { disk, folder } = make();
    disk.makeFolder(join(folder, 'topics', 't'));
    for (const name of ['a', 'b', join('topics', 't', '0.log')]) {
      const file = disk.open(join(folder, name));
      file.append([Buffer.from(name)]);
      file.close();
    }

    expect(disk.names(folder).sort()).toEqual(['a', 'b', 'topics']);
    disk.rename(join(folder, 'a'), join(folder, 'b'));
    disk.remove(join(folder, 'topics'));
    disk.remove(join(folder, 'nothing'));
    expect(disk.names(folder)).toEqual(['b']);
    const left = disk.open(join(folder, 'b'));
    expect(left.read(0, 10).toString()).toBe('a');
    left.close();
  });

  it('is held by one broker at a time', () => {
    const { disk, folder } = make();
    const lock = disk.lock(folder);
    expect(() => disk.lock(folder)).toThrow(FatalError);
    lock.release();
    disk.lock(folder).release();
  });
});
