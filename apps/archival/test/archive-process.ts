import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { S3ObjectStoreOptions } from '@millrace/archive';
import type { PolicyOptions } from '@millrace/resilience';
import { eventually } from '@millrace/testing';

const WORKER = fileURLToPath(new URL('./archive-worker.mjs', import.meta.url));

/** What `archive-worker.mjs` is told. */
export interface ArchiveJob {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly prefix: string;
  readonly tileOffsets: number;
  readonly store: S3ObjectStoreOptions;
  readonly policy: PolicyOptions;
}

/** `archive-worker.mjs` as a process. */
export class ArchiveProcess implements AsyncDisposable {
  /** What it has told. */
  readonly events: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #errors = '';

  constructor(job: ArchiveJob) {
    this.#child = spawn(process.execPath, [WORKER, JSON.stringify(job)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.on('message', (event: string) => this.events.push(event));
    this.#child.stderr?.on('data', (chunk: Buffer) => void (this.#errors += chunk.toString()));
    this.#ended = once(this.#child, 'close');
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits until everything is archived. @throws {Error} with what it said when it ended before. */
  async drained(): Promise<void> {
    await eventually('everything is archived', () => this.events.includes('drained') || !this.isRunning, {
      timeoutMs: 120_000,
      intervalMs: 50,
    });
    if (!this.events.includes('drained')) throw new Error(`the archive's process ended by itself: ${this.#errors}`);
  }

  /** Ends it at once (SIGKILL). @returns the signal that ended it: proves that it did not end by itself before. */
  async kill(): Promise<NodeJS.Signals | null> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    return this.#child.signalCode;
  }

  /** Halts it without ending it (SIGSTOP). */
  halt(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Lets a halted process go on. */
  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  /** Waits until it has ended by itself. @returns what it said to standard error. */
  async ended(): Promise<string> {
    await this.#ended;
    return this.#errors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) await this.kill();
  }
}
