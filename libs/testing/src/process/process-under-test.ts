import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A process that a spec starts, and that may fail: killed, or halted and continued. */
export class ProcessUnderTest implements AsyncDisposable {
  protected readonly child: ChildProcess;
  readonly #ended: Promise<unknown>;

  /** @param child Just spawned. */
  protected constructor(child: ChildProcess) {
    this.child = child;
    this.#ended = once(child, 'close');
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Ends it at once (SIGKILL). @returns the signal that ended it: proves that it did not end by itself before. */
  async kill(): Promise<NodeJS.Signals | null> {
    this.child.kill('SIGKILL');
    await this.#ended;
    return this.child.signalCode;
  }

  /** Halts it without ending it (SIGSTOP). */
  halt(): void {
    this.child.kill('SIGSTOP');
  }

  /** Lets a halted process go on. */
  goOn(): void {
    this.child.kill('SIGCONT');
  }

  /** Waits until it has ended by itself. @returns its exit code; null when a signal ended it. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) await this.kill();
  }
}
