import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dispositionOf } from '@millrace/kernel';
import { createDataSource, IdempotentBatchWriter, runMigrations } from '@millrace/postgres';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { aBatch, anHour, hourlyTable } from './example-table.js';

const WORKER = fileURLToPath(new URL('../src/embedded/postgres-worker.ts', import.meta.url));
const HOST_PROCESS = `
  const { Worker } = require('node:worker_threads');
  const [worker, dataDir] = process.argv.slice(1);
  new Worker(worker, { workerData: { dataDir, port: 0, checkpointIntervalMs: 200 } })
    .on('message', (report) => console.log(JSON.stringify(report)));
`;
const RECORDS_A_BATCH = 40;
const ROUNDS = 4;
const place = { topic: 'airport.hourly', partition: 0 };
const fence = { generationId: 1, memberId: 'crash-test' };

describe('a killed process', () => {
  let folder: string;
  let child: ChildProcess;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'millrace-crash-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function startProcess(): Promise<string> {
    child = spawn(process.execPath, ['-e', HOST_PROCESS, WORKER, path.join(folder, 'postgres')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const report = JSON.parse(line.toString()) as { kind: string; port: number; message?: string };
    if (report.kind !== 'listening') throw new Error(`the database does not start: ${report.message}`);
    return `postgres://postgres@127.0.0.1:${report.port}/postgres`;
  }

  it(`loses nothing that the embedded database had committed, and halves no transaction, ${ROUNDS} times over`, async () => {
    let acknowledged = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const dataSource = createDataSource({ url: await startProcess(), poolSize: 1, statementTimeout: '2s' });
      await runMigrations(dataSource);
      const writer = new IdempotentBatchWriter({ dataSource, sink: 'crash', table: hourlyTable });

      const resumed = (await writer.open(place, fence)) ?? 0;
      const [{ rows, latest }] = await dataSource.query<[{ rows: number; latest: number }]>(
        'SELECT count(*)::int AS rows, coalesce(max(departures), -1) AS latest FROM airport_hourly',
      );
      // Every committed batch is there, and rows and offset are of the same transaction.
      expect(resumed).toBeGreaterThanOrEqual(acknowledged);
      expect(latest).toBe(resumed - 1);
      expect(rows).toBe(resumed === 0 ? 0 : RECORDS_A_BATCH);

      const killAfter = resumed + RECORDS_A_BATCH * (10 + round * 37);
      const killed = once(child, 'exit');
      let next = resumed;
      try {
        for (;;) {
          const records = Array.from({ length: RECORDS_A_BATCH }, (_, nth) =>
            anHour(
              next + nth,
              `2013-01-0${1 + Math.floor(nth / 24)}T${String(nth % 24).padStart(2, '0')}:00:00Z`,
              next + nth,
            ),
          );
          const writing = writer.write(aBatch(next, records));
          if (next === killAfter) setImmediate(() => child.kill('SIGKILL'));
          await writing;
          next += RECORDS_A_BATCH;
          acknowledged = next;
        }
      } catch (error) {
        expect(dispositionOf(error, 'stop-app')).toBe('retry');
      }
      await killed;
      expect(child.signalCode).toBe('SIGKILL');
      await dataSource.destroy();
    }
    expect(acknowledged).toBeGreaterThan(ROUNDS * 10 * RECORDS_A_BATCH);
  }, 120_000);
});
