import { eventually } from '@millrace/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CutPoint } from './cut-point-dialer.js';

const WORKER = fileURLToPath(new URL('./chaos-worker.mjs', import.meta.url));
const WORKER_TIMEOUT_MS = 60_000;

/** What a worker is told at its start. */
export interface WorkerOptions {
  readonly applicationId: string;
  readonly bootstrap: readonly string[];
  readonly topics: { readonly orders: string; readonly enriched: string; readonly counts: string };
  readonly instanceId?: string;
  readonly sessionTimeoutMs?: number;
  readonly transactionTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** Where it stops itself. Default: nowhere. */
  readonly cut?: CutPoint;
  /** The first orders open a transaction, in which another takes so long, once. */
  readonly slow?: { readonly ms: number };
}

/** What a worker tells. */
export interface WorkerEvent {
  readonly event: string;
  readonly state?: string;
  readonly code?: string;
  readonly action?: string;
  readonly message?: string;
  readonly kind?: string;
  readonly generationId?: number;
  readonly what?: string;
  readonly error?: string;
  readonly durationMs?: number;
  readonly counts?: Readonly<Record<string, number>>;
}

/** A worker as a process of its own, with stores in a folder of its own that outlives it: {@link restart} goes on with them. */
export class WorkerProcess {
  readonly events: WorkerEvent[] = [];
  /** Where its stores are. */
  readonly stateDirectory: string;
  readonly #options: WorkerOptions;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  #output = '';

  constructor(options: WorkerOptions, stateDirectory = mkdtempSync(path.join(tmpdir(), 'millrace-chaos-'))) {
    this.#options = options;
    this.stateDirectory = stateDirectory;
    const given = {
      sessionTimeoutMs: 6_000,
      transactionTimeoutMs: 10_000,
      requestTimeoutMs: 10_000,
      ...options,
      stateDirectory,
    };
    this.#child = spawn(process.execPath, ['--no-warnings', WORKER, JSON.stringify(given)], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    this.#child.on('message', (event: WorkerEvent) => this.events.push(event));
    this.#child.stdout?.on('data', (chunk: Buffer) => void (this.#output += chunk.toString()));
    this.#ended = once(this.#child, 'exit');
  }

  /** A process that goes on with the stores of this one, which has ended. */
  restart(changes: Partial<Pick<WorkerOptions, 'cut'>> = {}): WorkerProcess {
    const { cut: _, ...options } = this.#options;
    return new WorkerProcess({ ...options, ...changes }, this.stateDirectory);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits for an event. @throws {Error} with the last events when it does not come, or the process ends. */
  async tells(what: string, matches: (event: WorkerEvent) => boolean, fromEvent = 0): Promise<WorkerEvent> {
    const last = (): string => `it told: ${JSON.stringify(this.events.slice(-15))}`;
    const found = await this.#eventually(
      `the worker tells of ${what}`,
      () => this.events.slice(fromEvent).find(matches) ?? (this.hasEnded ? 'ended' : undefined),
    ).catch((error: Error) => {
      throw new Error(`${error.message}; ${last()}`, { cause: error });
    });
    if (found === 'ended') throw new Error(`the worker has ended, and has not told of ${what}; ${last()}`);
    return found;
  }

  /** Waits until tasks run. @param fromEvent Looks only at what it told after so many events. */
  async isRunning(fromEvent = 0): Promise<void> {
    await this.tells('running tasks', ({ state }) => state === 'RUNNING', fromEvent);
  }

  /** Waits until it stands at its cut point, stopped. */
  async isCut(): Promise<void> {
    await this.#eventually('the worker stands at its cut point', () => this.#output.includes('cut\n') && this.isHalted);
  }

  /** Whether its process is stopped (SIGSTOP), as the system tells. */
  get isHalted(): boolean {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
  }

  /** Lets a halted process go on. */
  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it at once. @returns the signal that it ended by. */
  async kill(): Promise<string> {
    this.#child.kill('SIGKILL');
    return this.end();
  }

  /** Waits until it has ended by itself. @returns its exit code or signal. */
  async end(): Promise<string> {
    const [code, signal] = await this.#ended;
    return String(signal ?? code);
  }

  /** Waits until it has processed and committed all that there is. @returns the counts of its active tasks. */
  async drained(): Promise<Readonly<Record<string, number>>> {
    const from = this.events.length;
    this.#child.send('drain');
    const { counts } = await this.tells('the drain', ({ event }) => event === 'drained', from);
    return counts ?? {};
  }

  /** Lets it leave in order. @throws {Error} when it ended in another way. */
  async stop(): Promise<void> {
    this.#child.send('stop');
    const end = await this.end();
    if (end !== '0') throw new Error(`the worker ended with ${end}: ${JSON.stringify(this.events.slice(-5))}`);
  }

  /** Ends it, if it lives, and removes its stores. */
  async remove(): Promise<void> {
    if (!this.hasEnded) await this.kill();
    rmSync(this.stateDirectory, { recursive: true, force: true });
  }

  #eventually<T>(what: string, predicate: () => T | undefined | false): Promise<T> {
    return eventually(what, predicate, { timeoutMs: WORKER_TIMEOUT_MS, intervalMs: 20 });
  }
}
