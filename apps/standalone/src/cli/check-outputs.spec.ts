import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkOutputs } from './check-outputs.js';
import { EXIT_CODES } from './exit-codes.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-outputs-'));
  await writeFile(path.join(folder, 'file'), '');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function check({ jsonFile, exportDir }: { jsonFile?: string; exportDir?: string }): Promise<void> {
  const within = (place: string | undefined): string | undefined =>
    place === undefined ? undefined : path.join(folder, place);
  return checkOutputs({ jsonFile: within(jsonFile), exportDir: within(exportDir) });
}

describe('checkOutputs', () => {
  it('takes a new file, a file that is there, and folders that are yet to be made', async () => {
    await expect(check({ jsonFile: 'summary.json', exportDir: 'a/b/c' })).resolves.toBeUndefined();
    await expect(check({ jsonFile: 'file' })).resolves.toBeUndefined();
  });

  it.each([
    [{ jsonFile: '.' }, /--json .* is a folder/],
    [{ jsonFile: 'nowhere/summary.json' }, /--json .*there is no folder/],
    [{ exportDir: 'file' }, /--export: .*file is a file/],
    [{ exportDir: 'file/below' }, /--export: .*file is a file/],
  ])('refuses %j as wrong usage, naming the option and the remedy', async (outputs, message) => {
    await expect(check(outputs)).rejects.toMatchObject({
      exitCode: EXIT_CODES.usage,
      message: expect.stringMatching(message),
    });
  });
});
