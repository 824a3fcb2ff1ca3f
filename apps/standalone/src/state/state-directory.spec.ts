import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EXIT_CODES } from '../cli/exit-codes.js';
import { StateDirectory } from './state-directory.js';
import type { StateSettings } from './state-settings.js';

const settings: StateSettings = {
  format: 1,
  dataSha256: 'd',
  partitions: 3,
  limit: null,
  shuffle: null,
  brokers: null,
};

describe('StateDirectory', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'millrace-spec-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('opens again with the settings that it was made with', async () => {
    await (await StateDirectory.open(folder, settings)).close();
    const again = await StateDirectory.open(folder, settings);
    expect(again.brokerDir).toBe(path.join(folder, 'broker'));
    await again.close();
    expect(existsSync(folder)).toBe(true);
  });

  it('names every option that differs from the run that made it', async () => {
    await (await StateDirectory.open(folder, settings)).close();
    const other = { ...settings, dataSha256: 'other', partitions: 6, limit: 10 };
    await expect(StateDirectory.open(folder, other)).rejects.toMatchObject({
      exitCode: EXIT_CODES.usage,
      message: expect.stringMatching(
        /other data.*made with --partitions=3, this run is with --partitions=6.*made without --limit, this run is with --limit=10/s,
      ),
    });
  });

  it('keeps a second living process out', async () => {
    await writeFile(path.join(folder, 'lock'), String(process.ppid));
    await expect(StateDirectory.open(folder, settings)).rejects.toMatchObject({
      exitCode: EXIT_CODES.startFailed,
      message: expect.stringContaining(`in use by process ${process.ppid}`),
    });
  });

  it.each(['999999999', ''])('takes over what a killed process left behind: %j', async (holder) => {
    await writeFile(path.join(folder, 'lock'), holder);
    await (await StateDirectory.open(folder, settings)).close();
  });

  it('refuses settings that it cannot read', async () => {
    await writeFile(path.join(folder, 'settings.json'), '{"format":2}');
    await expect(StateDirectory.open(folder, settings)).rejects.toMatchObject({ exitCode: EXIT_CODES.usage });
  });

  it('removes a temporary folder when it is closed', async () => {
    const directory = await StateDirectory.open(undefined, settings);
    expect(existsSync(directory.root)).toBe(true);
    await directory.close();
    expect(existsSync(directory.root)).toBe(false);
  });
});
