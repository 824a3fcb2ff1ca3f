import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { EXIT_CODES } from '../cli/exit-codes.js';
import { readDataDirectory, TABLES, unpacked } from './data-directory.js';

describe('a data directory', () => {
  let folder: string;
  const write = (name: string, content: string | Buffer): Promise<void> => writeFile(path.join(folder, name), content);
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'millrace-spec-'));
    for (const name of TABLES) await write(`${name}.csv`, `${name}\n1\n`);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('holds each table plain or packed', async () => {
    await rm(path.join(folder, 'flights.csv'));
    await write('flights.csv.gz', gzipSync('packed\n'));
    const files = await readDataDirectory(folder);
    expect(String(await unpacked(files.tables.flights))).toBe('packed\n');
    expect(String(await unpacked(files.tables.weather))).toBe('weather\n1\n');
  });

  it('has another fingerprint when any file changes', async () => {
    const before = (await readDataDirectory(folder)).sha256;
    await write('faulty-records.ndjson', '');
    const withFaulty = (await readDataDirectory(folder)).sha256;
    await write('airports.csv', 'airports\n2\n');
    const after = (await readDataDirectory(folder)).sha256;
    expect(new Set([before, withFaulty, after]).size).toBe(3);
  });

  it('names every missing table', async () => {
    await rm(path.join(folder, 'flights.csv'));
    await rm(path.join(folder, 'planes.csv'));
    await expect(readDataDirectory(folder)).rejects.toMatchObject({
      exitCode: EXIT_CODES.dataUnreadable,
      message: expect.stringContaining('lacks flights.csv or flights.csv.gz, planes.csv or planes.csv.gz'),
    });
  });

  it('is refused when it does not exist or is a file', async () => {
    await expect(readDataDirectory(path.join(folder, 'no'))).rejects.toThrow(/--data .*does not exist/);
    await expect(readDataDirectory(path.join(folder, 'weather.csv'))).rejects.toThrow(/is not a folder/);
  });

  it('is refused when a packed file is not gzip', async () => {
    await expect(unpacked({ path: 'x.csv.gz', bytes: Buffer.from('no') })).rejects.toMatchObject({
      exitCode: EXIT_CODES.dataUnreadable,
    });
  });
});
