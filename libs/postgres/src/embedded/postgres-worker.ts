/**
 * The worker thread of {@link EmbeddedPostgres}: PostgreSQL as WebAssembly behind a socket.
 *
 * Stands alone (it imports nothing of this package), so that Node runs it compiled as well as from source.
 *
 * PGlite is PostgreSQL in single-user mode: nothing checkpoints by itself there, so the log of changes, and with it the time
 * to recover after a crash, would grow without end. {@link checkpointEvery} sees to that.
 */
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerReport, WorkerSettings } from './worker-protocol.js';

/** One is used at a time; the others are for the moments in which one ends and the next begins. See the README. */
const MAX_CONNECTIONS = 4;
/** PGlite's own are four times as large: more memory in the process, and measured slower. */
const START_PARAMETERS = [...PGlite.defaultStartParams, '-c', 'shared_buffers=32MB'];
const SIMPLE_QUERY = 'Q'.charCodeAt(0);
const SYNC = 'S'.charCodeAt(0);

/**
 * Makes the folder with an empty database in it, all or nothing: a process that is killed meanwhile leaves a folder of another
 * name, never a database that cannot be opened.
 */
async function createFolder(dataDir: string): Promise<void> {
  if (existsSync(path.join(dataDir, 'PG_VERSION'))) return;
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(path.dirname(dataDir), { recursive: true });
  const database = await PGlite.create({ dataDir: unfinished });
  await database.close();
  await rename(unfinished, dataDir);
}

/**
 * Has the database checkpoint every so often, right after a request and outside transactions, when no connection waits for
 * an answer in between.
 */
function checkpointEvery(intervalMs: number, database: PGlite): void {
  const execute = database.execProtocolRawStream.bind(database);
  let isDue = false;
  setInterval(() => (isDue = true), intervalMs).unref();
  database.execProtocolRawStream = async (message, options) => {
    await execute(message, options);
    const endsRequest = message[0] === SYNC || message[0] === SIMPLE_QUERY;
    if (!isDue || !endsRequest || database.isInTransaction()) return;
    isDue = false;
    await execute(checkpointRequest(), { onRawData: () => undefined });
  };
}

function checkpointRequest(): Uint8Array {
  const sql = Buffer.from('CHECKPOINT\0');
  const request = Buffer.alloc(5 + sql.length);
  request.writeUInt8(SIMPLE_QUERY, 0);
  request.writeInt32BE(4 + sql.length, 1);
  sql.copy(request, 5);
  return request;
}

async function serve({ dataDir, port, checkpointIntervalMs }: WorkerSettings): Promise<() => Promise<void>> {
  if (dataDir !== undefined) await createFolder(dataDir);
  const startParams = START_PARAMETERS;
  const database = await PGlite.create(dataDir === undefined ? { startParams } : { startParams, dataDir });
  checkpointEvery(checkpointIntervalMs, database);
  const server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port, maxConnections: MAX_CONNECTIONS });
  await server.start();
  report({ kind: 'listening', port: Number(server.getServerConn().split(':').at(-1)) });
  return async () => {
    await server.stop();
    await database.close();
  };
}

function report(message: WorkerReport): void {
  parentPort?.postMessage(message);
}

try {
  const stop = await serve(workerData as WorkerSettings);
  parentPort?.once('message', () => void stop().finally(() => process.exit(0)));
} catch (error) {
  report({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
}
