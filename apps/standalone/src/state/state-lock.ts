import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { EXIT_CODES } from '../cli/exit-codes.js';
import { RunFailure } from '../cli/run-failure.js';

/** Keeps a second process out of a state directory. What a killed process left behind is taken over. */
export class StateLock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @throws {RunFailure} with the exit code for a failed start when a living process holds the lock. */
  static async take(file: string): Promise<StateLock> {
    // The file gets its name only when it says whose it is: nobody sees a lock without a holder.
    const own = `${file}.${process.pid}`;
    await writeFile(own, String(process.pid));
    try {
      await StateLock.#claim(own, file);
      return new StateLock(file);
    } finally {
      await rm(own, { force: true });
    }
  }

  static async #claim(own: string, file: string): Promise<void> {
    for (;;) {
      try {
        await link(own, file);
        return;
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      }
      const holder = Number(await readFile(file, 'utf8').catch(() => ''));
      if (holder !== process.pid && isAlive(holder)) {
        throw new RunFailure(
          EXIT_CODES.startFailed,
          `The state directory is in use by process ${holder}: stop that one, or give this run another --state. (${file})`,
        );
      }
      await rm(file, { force: true });
    }
  }

  async release(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}

function isAlive(processId: number): boolean {
  if (!Number.isInteger(processId) || processId <= 0) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}
