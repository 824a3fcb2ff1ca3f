/** A contender under measurement: a process of its own that is told its work as JSON and says what happens as lines of JSON. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { cores } from './broker.mjs';

/** Clock ticks a second in /proc/PID/stat, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const STOP_TIMEOUT_MS = 20_000;
const MAX_LOG_CHARS = 4_000;

export class ContenderProcess {
  #child;
  #exited;
  #log = '';
  #events = [];
  #waiting = [];

  /** @param {{ command: string, args: string[] }} program what to start; the work is appended as its last argument. */
  constructor({ command, args, environment = {} }, work) {
    const pinned = cores === undefined ? [command] : ['taskset', '-c', String(cores.contender), command];
    this.spawnedMs = performance.now();
    const [first, ...rest] = pinned;
    this.#child = spawn(first, [...rest, ...args, JSON.stringify(work)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#exited = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#line(line));
    }
  }

  /** CPU seconds that the process has used so far, of user and of system, all threads. */
  cpuSeconds() {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { user: Number(fields[11]) / TICKS_PER_SECOND, system: Number(fields[12]) / TICKS_PER_SECOND };
  }

  /** The most memory that the process has had, in MiB. */
  peakMiB() {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'latin1'))[1]) / 1024;
  }

  residentMiB() {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'latin1'))[1]) / 1024;
  }

  /** The end of what it has said besides its events. */
  get log() {
    return this.#log;
  }

  /** @throws with what the contender has said, when it has ended. */
  check() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    throw new Error(`the contender ended with ${this.#child.exitCode ?? this.#child.signalCode}:\n${this.#log}`);
  }

  /** The first event of a name and of which `where` is true; rejects when the process ends before. */
  async event(name, where = () => true) {
    const isMeant = (event) => event.event === name && where(event);
    const known = this.#events.find(isMeant);
    if (known !== undefined) return known;
    const ended = this.#exited.then(() => this.check());
    return Promise.race([new Promise((resolve) => this.#waiting.push({ isMeant, resolve })), ended]);
  }

  async stop() {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM');
    const hurry = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(hurry);
  }

  #line(line) {
    if (!line.startsWith('{"event"')) {
      this.#log = `${this.#log}${line}\n`.slice(-MAX_LOG_CHARS);
      return;
    }
    const event = { ...JSON.parse(line), atMs: performance.now() };
    this.#events.push(event);
    this.#waiting = this.#waiting.filter(({ isMeant, resolve }) => {
      if (!isMeant(event)) return true;
      resolve(event);
      return false;
    });
  }
}
