import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { S3ObjectStoreOptions } from '@millrace/archive';
import type { PolicyOptions } from '@millrace/resilience';
import { ProcessUnderTest, eventually } from '@millrace/testing';

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
export class ArchiveProcess extends ProcessUnderTest {
  /** What it has told. */
  readonly events: string[] = [];
  #errors = '';

  constructor(job: ArchiveJob) {
    super(spawn(process.execPath, [WORKER, JSON.stringify(job)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }));
    this.child.on('message', (event: string) => this.events.push(event));
    this.child.stderr?.on('data', (chunk: Buffer) => void (this.#errors += chunk.toString()));
  }

  /** What it has said to standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** Waits until everything is archived. @throws {Error} with what it said when it ended before. */
  async drained(): Promise<void> {
    await eventually('everything is archived', () => this.events.includes('drained') || !this.isRunning, {
      timeoutMs: 120_000,
      intervalMs: 50,
    });
    if (!this.events.includes('drained')) throw new Error(`the archive's process ended by itself: ${this.#errors}`);
  }
}
