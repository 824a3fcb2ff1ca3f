import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { matchesGolden } from './golden-file.js';

describe('matchesGolden', () => {
  let folder: string;
  let file: URL;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'golden-'));
    file = pathToFileURL(join(folder, 'golden', 'topology.txt'));
    delete process.env['UPDATE_GOLDEN'];
  });

  afterEach(async () => {
    delete process.env['UPDATE_GOLDEN'];
    await rm(folder, { recursive: true });
  });

  async function update(text: string): Promise<void> {
    process.env['UPDATE_GOLDEN'] = '1';
    await matchesGolden(file, text);
    delete process.env['UPDATE_GOLDEN'];
  }

  it('writes the file where it is told to, its folder too', async () => {
    await update('a\nb\n');

    expect(await readFile(file, 'utf8')).toBe('a\nb\n');
    await expect(matchesGolden(file, 'a\nb\n')).resolves.toBeUndefined();
  });

  it.each([
    ['a\nc\n', 'differs from line 2 on:\n- b\n+ c\n'],
    ['a\n', 'differs from line 2 on:\n- b\n+ \n'],
    ['a\nb', 'differs from line 3 on:\n- \n+ (the end)\n'],
  ])('names the first line that differs, and the remedy: %j', async (text, message) => {
    await update('a\nb\n');

    await expect(matchesGolden(file, text)).rejects.toThrow(message);
    await expect(matchesGolden(file, text)).rejects.toThrow('UPDATE_GOLDEN=1');
  });

  it('makes no file by itself, so that a lost one is seen', async () => {
    await expect(matchesGolden(file, 'a')).rejects.toThrow('there is no golden file');
  });
});
