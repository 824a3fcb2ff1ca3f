import { FatalError, SystemClock, toMs, type Clock, type Duration, type Lifecycle } from '@millrace/kernel';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { postgresChannels } from '../diagnostics/channels.js';
import type { WorkerReport, WorkerSettings } from './worker-protocol.js';

/** Where and how the embedded database runs. */
export interface EmbeddedPostgresOptions {
  /** Folder of the database, created when it does not exist. Default: in memory, gone with the process. */
  readonly dataDir?: string;
  /** Port on 127.0.0.1; 0: any free one. Default 0. */
  readonly port?: number;
  /** How often changes are carried into the tables' files: bounds the recovery after a crash. Default 30 s. */
  readonly checkpointInterval?: Duration;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** Compiled, the worker is JavaScript; from source, Node strips its types. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './postgres-worker.ts' : './postgres-worker.js',
  import.meta.url,
);

/**
 * PostgreSQL without a server: PGlite in a worker thread, behind a socket that any PostgreSQL client can connect to.
 *
 * One connection at a time: give `createDataSource` a pool size of 1. What was committed survives a killed process, not a
 * machine that loses power: PGlite does not wait for the disk. A folder belongs to one process at a time.
 */
export class EmbeddedPostgres implements Lifecycle {
  readonly #options: EmbeddedPostgresOptions;
  readonly #clock: Clock;
  #worker: Worker | undefined;
  #ended: Promise<void> = Promise.resolve();
  #port = 0;
  #startMs = 0;

  constructor(options: EmbeddedPostgresOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? new SystemClock();
  }

  /** Where it listens, once started. */
  get address(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.#port };
  }

  /** For `createDataSource`, together with `poolSize: 1`. */
  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/postgres`;
  }

  /** How long the last start took, in milliseconds. */
  get startMs(): number {
    return this.#startMs;
  }

  /**
   * Starts the database, creating it where there is none, and listens.
   *
   * @throws {FatalError} (stop-app) `MR_DEPENDENCY_UNAVAILABLE` when it does not come up: the port is in use, or the folder
   *   cannot be used.
   */
  async start(): Promise<void> {
    if (this.#worker !== undefined)
      throw new FatalError('MR_LIFECYCLE_ORDER', 'the embedded database is started already');
    const startedMs = this.#clock.monotonicMs();
    const { dataDir, port = 0, checkpointInterval = '30s' } = this.#options;
    const workerData: WorkerSettings = {
      dataDir: dataDir === undefined ? undefined : path.resolve(dataDir),
      port,
      checkpointIntervalMs: toMs(checkpointInterval),
    };
    // The process's own arguments to Node are not for the worker: some make it refuse to start.
    const worker = new Worker(WORKER, { workerData, execArgv: [], name: 'embedded-postgres' });
    this.#ended = new Promise((resolve) => worker.once('exit', () => resolve()));
    try {
      this.#port = await listening(worker);
    } catch (cause) {
      await worker.terminate();
      const where = dataDir === undefined ? 'in memory' : `in ${path.resolve(dataDir)}`;
      const message = `the embedded PostgreSQL ${where} does not start: ${(cause as Error).message}`;
      throw new FatalError('MR_DEPENDENCY_UNAVAILABLE', message, { cause });
    }
    this.#worker = worker;
    worker.on('error', (error) => postgresChannels.embedded.publish({ state: 'died', error }));
    this.#startMs = this.#clock.monotonicMs() - startedMs;
    postgresChannels.embedded.publish({ state: 'started', startMs: this.#startMs });
  }

  /** Ends the connections and closes the database in order. */
  async stop(): Promise<void> {
    this.#worker?.postMessage('stop');
    this.#worker = undefined;
    await this.#ended;
  }
}

function listening(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('message', (report: WorkerReport) => {
      worker.off('error', reject);
      if (report.kind === 'listening') resolve(report.port);
      else reject(new Error(report.message));
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`its thread ended with exit code ${code}`)));
  });
}
