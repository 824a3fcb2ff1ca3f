import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';

/** Why there is no Redis to test against, or `undefined` when there is one. */
export function redisServerMissing(): string | undefined {
  const { error } = spawnSync('redis-server', ['--version']);
  return error === undefined
    ? undefined
    : 'there is no redis-server on the PATH (Debian: apt-get install redis-server)';
}

/** A Redis of our own on a free port, without files. */
export class RedisServer {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(port: number, process: ChildProcess) {
    this.port = port;
    this.#process = process;
  }

  static async start(port?: number): Promise<RedisServer> {
    const chosen = port ?? (await freePort());
    const settings = [
      '--port',
      String(chosen),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      tmpdir(),
    ];
    const child = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    for await (const chunk of child.stdout) {
      output += String(chunk);
      if (output.includes('Ready to accept connections')) {
        child.stdout.resume();
        return new RedisServer(chosen, child);
      }
    }
    throw new Error(`redis-server did not start:\n${output}`);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Ends it without any farewell, as a crash does. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}

/** A port of 127.0.0.1 on which nobody listens right now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
