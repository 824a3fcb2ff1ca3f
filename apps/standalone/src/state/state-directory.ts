import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EXIT_CODES } from '../cli/exit-codes.js';
import { asRunFailure, RunFailure, usageFailure } from '../cli/run-failure.js';
import { StateLock } from './state-lock.js';
import { differences, stateSettings, type StateSettings } from './state-settings.js';

/**
 * The folder in which the embedded services keep what must survive the process.
 *
 * | entry | holds |
 * | --- | --- |
 * | `settings.json` | what the directory was made with ({@link StateSettings}) |
 * | `lock` | the id of the process that uses it |
 * | `broker/` | topics, committed offsets, transactions |
 * | `postgres/` | the tables |
 * | `objects/` | the archive |
 */
export class StateDirectory {
  readonly root: string;
  readonly #lock: StateLock;
  readonly #isTemporary: boolean;

  private constructor(root: string, lock: StateLock, isTemporary: boolean) {
    this.root = root;
    this.#lock = lock;
    this.#isTemporary = isTemporary;
  }

  /**
   * Opens or makes the folder; without one given, a temporary folder that {@link close} removes.
   *
   * @throws {RunFailure} with the exit code for wrong usage when it was made with other settings, and with that for a failed
   *   start when another process uses it or it cannot be written to.
   */
  static async open(folder: string | undefined, settings: StateSettings): Promise<StateDirectory> {
    const root = folder === undefined ? await mkdtemp(path.join(tmpdir(), 'millrace-')) : path.resolve(folder);
    const lock = await lockFolder(root);
    const directory = new StateDirectory(root, lock, folder === undefined);
    try {
      await directory.#agreeOn(settings);
    } catch (cause) {
      await directory.close();
      throw cause;
    }
    return directory;
  }

  get brokerDir(): string {
    return path.join(this.root, 'broker');
  }

  get postgresDir(): string {
    return path.join(this.root, 'postgres');
  }

  get objectsDir(): string {
    return path.join(this.root, 'objects');
  }

  /** Lets another process in; removes the folder when it is a temporary one. */
  async close(): Promise<void> {
    await this.#lock.release();
    if (this.#isTemporary) await rm(this.root, { recursive: true, force: true });
  }

  async #agreeOn(wanted: StateSettings): Promise<void> {
    const file = path.join(this.root, 'settings.json');
    const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined;
      throw cause;
    });
    if (text === undefined) {
      await writeFile(`${file}.new`, `${JSON.stringify(wanted, null, 2)}\n`);
      await rename(`${file}.new`, file);
      return;
    }
    const problems = differences(this.#read(file, text), wanted);
    if (problems.length === 0) return;
    throw usageFailure(
      `--state ${this.root} does not fit this run:\n${problems.map((each) => `  - ${each}`).join('\n')}\n` +
        'Use the options that it was made with, or give --state an empty folder.',
    );
  }

  #read(file: string, text: string): StateSettings {
    try {
      return stateSettings.parse(JSON.parse(text));
    } catch (cause) {
      throw new RunFailure(
        EXIT_CODES.usage,
        `${file} was not written by this version: give --state an empty folder, or run the version that made it.`,
        { cause },
      );
    }
  }
}

async function lockFolder(root: string): Promise<StateLock> {
  try {
    await mkdir(root, { recursive: true });
    return await StateLock.take(path.join(root, 'lock'));
  } catch (cause) {
    const what = `--state ${root} cannot be used, give it a folder that can be written to`;
    throw asRunFailure(cause, EXIT_CODES.startFailed, what);
  }
}
