import { eventually } from '@millrace/testing';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

/** Folder of a PostgreSQL server's programs on this machine; undefined where there is none. */
export function postgresqlPrograms(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((left, right) => Number(right) - Number(left)) : [];
  const folders = [
    ...versions.map((version) => path.join(DEBIAN, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  return folders.find((folder) => existsSync(path.join(folder, 'initdb')) && existsSync(path.join(folder, 'postgres')));
}

/** A real PostgreSQL server in a temporary folder, for as long as a spec lasts. */
export class PostgresqlServer {
  readonly #programs: string;
  #folder = '';
  #server: ChildProcess | undefined;

  constructor(programs: string) {
    this.#programs = programs;
  }

  /** @returns the URL of its database. */
  async start(): Promise<string> {
    this.#folder = await mkdtemp(path.join(tmpdir(), 'millrace-postgresql-'));
    const user = unprivilegedUser();
    if (user !== undefined) chownSync(this.#folder, user.uid, user.gid);
    const data = path.join(this.#folder, 'data');
    const how = { ...user, cwd: this.#folder };
    execFileSync(path.join(this.#programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-N'], {
      ...how,
      stdio: 'pipe',
    });
    const port = await freePort();
    const args = ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', this.#folder, '-c', 'fsync=off'];
    this.#server = spawn(path.join(this.#programs, 'postgres'), args, { ...how, stdio: 'ignore' });
    await eventually('PostgreSQL takes connections', () => this.#isReady(port), { timeoutMs: 20_000 });
    return `postgres://postgres@127.0.0.1:${port}/postgres`;
  }

  #isReady(port: number): boolean {
    return spawnSync(path.join(this.#programs, 'pg_isready'), ['-h', '127.0.0.1', '-p', `${port}`]).status === 0;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server !== undefined) {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      // "Fast" shutdown: ends the sessions that are left.
      server.kill('SIGINT');
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string): number => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
