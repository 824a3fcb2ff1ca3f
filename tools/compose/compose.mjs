/** The compose project of the tests: `docker compose`, or Debian's docker-compose 1.29, on docker/compose.yml. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const HEALTHY_TIMEOUT_MS = 600_000;
const LOG_LINES = 30;

/** The command that this machine has; undefined when it has none. */
export function composeCommand() {
  const candidates = [['docker', 'compose'], ['docker-compose']];
  return candidates.find(
    ([program, ...args]) => spawnSync(program, [...args, 'version'], { stdio: 'ignore' }).status === 0,
  );
}

/** One project; its containers, networks and volumes bear its name. */
export class ComposeProject {
  #command;
  #environment;
  name;

  /**
   * @param {string} name
   * @param {string[]} command see {@link composeCommand}
   * @param {Record<string, string>} variables for the file, besides those of this process
   */
  constructor(name, command, variables) {
    this.name = name;
    this.#command = [...command, '--project-name', name, '--file', 'docker/compose.yml'];
    this.#environment = { ...process.env, ...variables };
  }

  /** Starts everything and waits until each container is healthy, or has ended well where it was to end. */
  async up() {
    await this.#compose('up', '--detach', '--no-build');
    const deadline = performance.now() + HEALTHY_TIMEOUT_MS;
    for (;;) {
      const states = await this.states();
      const open = states.filter(({ isReady }) => !isReady);
      if (states.length > 0 && open.length === 0) return states;
      if (performance.now() > deadline) throw new Error(await this.#notReady(open));
      await sleep(500);
    }
  }

  /** Removes all of it, volumes included. */
  async down() {
    await this.#compose('down', '--volumes', '--remove-orphans', '--timeout', '10');
  }

  /** What a `down` should have removed, as `container x`, `volume y`, `network z`. */
  async leftovers() {
    const label = `label=com.docker.compose.project=${this.name}`;
    const lists = {
      container: ['ps', '--all', '--format', '{{.Names}}'],
      volume: ['volume', 'ls', '--format', '{{.Name}}'],
      network: ['network', 'ls', '--format', '{{.Name}}'],
    };
    const found = [];
    for (const [kind, args] of Object.entries(lists)) {
      const { stdout } = await run('docker', [...args, '--filter', label]);
      found.push(
        ...stdout
          .split('\n')
          .filter(Boolean)
          .map((name) => `${kind} ${name}`),
      );
    }
    return found;
  }

  /** Every container with its service, what the engine says about it, and whether it is as it should be. */
  async states() {
    const label = `label=com.docker.compose.project=${this.name}`;
    const { stdout } = await run('docker', ['ps', '--all', '--quiet', '--filter', label]);
    const ids = stdout.split('\n').filter(Boolean);
    if (ids.length === 0) return [];
    const inspected = JSON.parse((await run('docker', ['inspect', ...ids])).stdout);
    return inspected.map(({ Id, State, Config }) => {
      const service = Config.Labels['com.docker.compose.service'];
      const health = State.Health?.Status ?? 'none';
      const ended = State.Status === 'exited' && State.ExitCode === 0;
      const isReady = service === 'prepare' ? ended : State.Status === 'running' && health === 'healthy';
      return { id: Id, service, status: State.Status, health, isReady };
    });
  }

  async #notReady(open) {
    const words = [`not everything was healthy after ${HEALTHY_TIMEOUT_MS / 1000} s`];
    for (const { id, service, status, health } of open) {
      const { stdout, stderr } = await run('docker', ['logs', '--tail', String(LOG_LINES), id]);
      words.push(`== ${service}: ${status}, ${health}; the end of its log:`, stdout + stderr);
    }
    return words.join('\n');
  }

  #compose(...args) {
    const [program, ...before] = this.#command;
    const child = spawn(program, [...before, ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: this.#environment,
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${args[0]} ended with ${code}`))));
    });
  }
}
