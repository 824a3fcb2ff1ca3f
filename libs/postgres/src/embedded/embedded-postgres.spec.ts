import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@millrace/testing';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createDataSource } from '../connection/create-data-source.js';
import { EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';

const SLOW_MS = 60_000;

describe('EmbeddedPostgres', () => {
  let folder: string;
  let dataDir: string;

  /** Starts it, runs statements one after the other, stops it, and returns the rows of the last. */
  async function run(statements: readonly string[], options: EmbeddedPostgresOptions = {}): Promise<unknown> {
    const embedded = new EmbeddedPostgres({ dataDir, ...options });
    await embedded.start();
    const dataSource = await createDataSource({ url: embedded.url, poolSize: 1 }).initialize();
    let rows: unknown;
    for (const statement of statements) rows = await dataSource.query(statement);
    await dataSource.destroy();
    await embedded.stop();
    return rows;
  }

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'millrace-embedded-'));
    dataDir = path.join(folder, 'postgres');
    await mkdir(`${dataDir}.unfinished`);
    await writeFile(path.join(`${dataDir}.unfinished`, 'PG_VERSION'), '18\n');
    await run(['CREATE TABLE kept (word text)', `INSERT INTO kept VALUES ('still here')`]);
  }, SLOW_MS);

  afterAll(() => rm(folder, { recursive: true }));

  it('starts over where a killed process left an unfinished folder', () => {
    expect(existsSync(path.join(dataDir, 'PG_VERSION'))).toBe(true);
    expect(existsSync(`${dataDir}.unfinished`)).toBe(false);
  });

  it('keeps what its folder holds', async () => {
    expect(await run(['SELECT word FROM kept'])).toEqual([{ word: 'still here' }]);
  });

  it('checkpoints by itself, so that the log of changes does not grow without end', async () => {
    const embedded = new EmbeddedPostgres({ dataDir, checkpointInterval: '20ms' });
    await embedded.start();
    const dataSource = await createDataSource({ url: embedded.url, poolSize: 1 }).initialize();
    const lastCheckpoint = async (): Promise<unknown> =>
      dataSource.query('SELECT redo_lsn FROM pg_control_checkpoint()');

    const atStart = await lastCheckpoint();
    await dataSource.query(`INSERT INTO kept VALUES ('more')`);

    await eventually('a checkpoint', async () => !isDeepStrictEqual(await lastCheckpoint(), atStart));
    await dataSource.destroy();
    await embedded.stop();
  });

  it(
    'lives in memory unless it gets a folder, is started once, and may be stopped twice',
    async () => {
      const embedded = new EmbeddedPostgres();
      await embedded.start();

      await expect(embedded.start()).rejects.toMatchObject({ code: 'MR_LIFECYCLE_ORDER' });
      expect(embedded.startMs).toBeGreaterThan(0);
      expect(embedded.address.port).toBeGreaterThan(0);

      await embedded.stop();
      await embedded.stop();
    },
    SLOW_MS,
  );

  it('says why it does not start, and can be started later', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const embedded = new EmbeddedPostgres({ dataDir, port });

    await expect(embedded.start()).rejects.toMatchObject({
      code: 'MR_DEPENDENCY_UNAVAILABLE',
      message: expect.stringMatching(/postgres does not start: .*EADDRINUSE/),
    });

    await new Promise((resolve) => taken.close(resolve));
    await embedded.start();
    await embedded.stop();
  });
});
