/** One run of `npm start -- --once --export`, seen from outside. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A running replay; its progress is read from what it prints. */
export class ReplayRun {
  #child;
  #errors = '';
  #published = 0;
  #percent = 0;
  #changed = Promise.withResolvers();
  /** Resolves with `{ code, signal, errors }`. */
  ended;

  /**
   * Starts the replay without the npm wrapper, so that a kill reaches the process that does the work.
   *
   * @param {string} folder gets `state/`, `export/` and `summary.json`
   * @param {readonly string[]} extra more options of `npm start`
   */
  constructor(folder, extra) {
    this.#child = spawn(
      process.execPath,
      [
        'apps/standalone/dist/main.js',
        '--once',
        '--port=0',
        ...(extra.some((option) => option.startsWith('--brokers')) ? [] : ['--broker-port=0']),
        `--state=${folder}/state`,
        `--export=${folder}/export`,
        `--json=${folder}/summary.json`,
        ...extra,
      ],
      { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#child.stderr.on('data', (chunk) => this.#read(chunk));
    this.ended = new Promise((resolve) =>
      this.#child.on('close', (code, signal) => {
        resolve({ code, signal, errors: this.#errors });
        this.#changed.resolve();
      }),
    );
  }

  /** How many events it has said to have published. */
  get published() {
    return this.#published;
  }

  /**
   * Waits until it has published so many percent of the events, and more than `published` of them.
   *
   * @throws {Error} when it ends before; `what` says what was to happen then.
   */
  async reaches(what, { percent = 0, published = -1 }) {
    while (this.#percent < percent || this.#published <= published) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`the replay was over before ${what}:\n${this.#errors}`);
      }
      await this.#changed.promise;
    }
  }

  /** Ends it with SIGKILL, and waits until it has. */
  async kill(what) {
    if (!this.#child.kill('SIGKILL')) throw new Error(`the replay was over before ${what}:\n${this.#errors}`);
    await this.ended;
  }

  /** @throws {Error} with the end of what it printed, unless it ends well. */
  async done() {
    const { code, signal, errors } = await this.ended;
    if (code !== 0) throw new Error(`the replay ended with ${signal ?? code}:\n${errors}`);
  }

  #read(chunk) {
    this.#errors = (this.#errors + chunk).slice(-20_000);
    const shown = [...this.#errors.matchAll(/(?:replay|drain): (\d+) of \d+ events \((\d+) %\)/g)].at(-1);
    if (shown === undefined) return;
    [this.#published, this.#percent] = [Number(shown[1]), Number(shown[2])];
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** Runs a replay from where the folder's state stands to the end. */
export async function replayToTheEnd(folder, extra) {
  await new ReplayRun(folder, extra).done();
}
