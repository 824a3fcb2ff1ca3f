import { readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '@millrace/kernel';

const FILE_NAME = 'broker.lock';

/** Directories that a broker of this very process holds; a lock file cannot tell two of the same process apart. */
const heldHere = new Set<string>();

/**
 * Keeps two brokers from writing to the same state directory.
 *
 * The lock is a file with the holder's process id and start time. One whose process is gone, or whose id was given to a
 * later process, is stale and taken over: a broker that was killed can simply be started again.
 */
export class StateLock {
  readonly #path: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, FILE_NAME);
  }

  /** @throws {FatalError} (stop-app) `MR_STATE_INCOMPATIBLE` when another live broker holds the directory. */
  static acquire(directory: string): StateLock {
    const lock = new StateLock(realpathSync(directory));
    lock.#take(true);
    heldHere.add(lock.#directory);
    return lock;
  }

  release(): void {
    heldHere.delete(this.#directory);
    rmSync(this.#path, { force: true });
  }

  #take(mayTakeOver: boolean): void {
    try {
      writeFileSync(this.#path, `${process.pid} ${processStart(process.pid)}\n`, { flag: 'wx' });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      const holder = this.#holder();
      if (!mayTakeOver || this.#isHeldBy(holder)) throw alreadyHeld(this.#directory, holder.pid, cause);
      rmSync(this.#path, { force: true });
      this.#take(false);
    }
  }

  #holder(): { pid: number; startedAt: string } {
    const [pid, startedAt] = readFileSync(this.#path, 'utf8').trim().split(' ');
    return { pid: Number(pid), startedAt: startedAt ?? '' };
  }

  #isHeldBy(holder: { pid: number; startedAt: string }): boolean {
    if (holder.pid === process.pid) return heldHere.has(this.#directory);
    return isAlive(holder.pid) && processStart(holder.pid) === holder.startedAt;
  }
}

function alreadyHeld(directory: string, pid: number, cause: unknown): FatalError {
  return new FatalError(
    'MR_STATE_INCOMPATIBLE',
    `${directory} is in use by the broker of process ${pid}; stop that one or choose another state directory`,
    { cause },
  );
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // A process of another user cannot be signalled, but it lives.
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process started, as the system counts it; `unknown` where the system does not say. */
export function processStart(pid: number): string {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the command, is in parentheses and may hold spaces; the start time is the 20th field after it.
    return status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown';
  } catch {
    // Only Linux has /proc; elsewhere the process id alone decides.
    return 'unknown';
  }
}
