import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ProcessUnderTest, eventually } from '@millrace/testing';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const OUTPUT_LINES = 40;

/** Where the process finds what it needs. */
export interface AggregationPlaces {
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

/** What `GET` of a path was answered with. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The aggregation app as it is deployed: a process of its own. A restart takes back the tasks of the one before at once. */
export class AggregationProcess extends ProcessUnderTest {
  readonly #url: string;
  readonly #lines: string[] = [];

  private constructor(child: ChildProcess, url: string) {
    super(child);
    this.#url = url;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#lines.push(...chunk.toString().trimEnd().split('\n'));
        this.#lines.splice(0, this.#lines.length - OUTPUT_LINES);
      });
    }
  }

  /** Starts it and waits until it is ready. @throws {Error} with the end of its output. */
  static async start({ brokers, databaseUrl, redisUrl }: AggregationPlaces): Promise<AggregationProcess> {
    const port = await freePort();
    const env = {
      ...process.env,
      MILLRACE_BROKERS: brokers.join(','),
      MILLRACE_DATABASE_URL: databaseUrl,
      MILLRACE_REDIS_URL: redisUrl,
      MILLRACE_INSTANCE_ID: 'chaos',
      MILLRACE_HTTP_HOST: '127.0.0.1',
      MILLRACE_HTTP_PORT: String(port),
      MILLRACE_LOG_LEVEL: 'warn',
    };
    const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const started = new AggregationProcess(child, `http://127.0.0.1:${port}`);
    const isReady = async (): Promise<boolean> => (await started.get('/health/ready')).status === 200;
    await eventually('aggregation is ready', () => !started.isRunning || isReady(), { timeoutMs: 90_000 }).catch(
      (cause: unknown) => started.#giveUp(cause),
    );
    if (!started.isRunning) await started.#giveUp(undefined);
    return started;
  }

  /** What it printed last. */
  get output(): string {
    return this.#lines.join('\n');
  }

  async get(path: string): Promise<Answer> {
    const response = await fetch(`${this.#url}${path}`);
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  async #giveUp(cause: unknown): Promise<never> {
    if (this.isRunning) await this.kill();
    throw new Error(`aggregation did not become ready; the end of its output:\n${this.output}`, { cause });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
