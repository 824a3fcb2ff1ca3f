import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/temporary-folder.js';
import { AppendFile } from './append-file.js';
import { StorageError } from './storage-error.js';

describe('an append-only file', () => {
  it('keeps what was appended, over a reopening', () => {
    const path = join(temporaryFolder(), 'a.log');
    const file = AppendFile.open(path);
    file.append([Buffer.from('one'), Buffer.from('two')]);
    file.append([Buffer.from('three')]);
    file.close();
    const again = AppendFile.open(path);
    expect(again.sizeInBytes).toBe(11);
    expect(again.read(3, 5).toString()).toBe('twoth');
    again.close();
  });

  it('reads less at its end and nothing behind it', () => {
    const file = AppendFile.open(join(temporaryFolder(), 'a.log'));
    file.append([Buffer.from('abc')]);
    expect(file.read(2, 100).toString()).toBe('c');
    expect(file.read(9, 100)).toHaveLength(0);
    file.close();
  });

  it('goes on after what is left when its tail is cut off', () => {
    const file = AppendFile.open(join(temporaryFolder(), 'a.log'));
    file.append([Buffer.from('abcdef')]);
    file.truncate(2);
    file.append([Buffer.from('X')]);
    expect(file.read(0, 10).toString()).toBe('abX');
    file.close();
  });

  it('says what cannot be opened', () => {
    expect(() => AppendFile.open(join(temporaryFolder(), 'missing', 'a.log'))).toThrow(StorageError);
  });

  it('refuses to write once the operating system does, and leaves the file as it was', () => {
    const file = AppendFile.open(join(temporaryFolder(), 'a.log'));
    file.append([Buffer.from('abc')]);
    file.close();
    expect(() => file.append([Buffer.from('def')])).toThrow(StorageError);
    expect(file.sizeInBytes).toBe(3);
  });
});
