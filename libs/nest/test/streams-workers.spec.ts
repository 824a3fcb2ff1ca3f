import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '@millrace/broker';
import { Admin, Cluster, CommittedRecords, Fetcher, Producer } from '@millrace/client';
import { SERVICE_EXIT_CODES, StreamsWorkers } from '@millrace/nest';
import { RecordBatchBuilder } from '@millrace/protocol';
import { eventually } from '@millrace/testing';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('../../../tools/build.mjs', import.meta.url));
const SERVICE = fileURLToPath(new URL('./example-workers.mjs', import.meta.url));
const PARTITIONS = 4;
const TIMEOUT_MS = 60_000;
const WAIT = { timeoutMs: 30_000 };

let broker: EmbeddedBroker;
let address: string;
let client: Cluster;
let running: Service | undefined;

/** The example service as a process. */
class Service {
  readonly messages: unknown[] = [];
  readonly port: number;
  errors = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  constructor(port: number, settings: { readonly onFailure?: string; readonly module?: string }) {
    this.port = port;
    const given = JSON.stringify({ bootstrap: address, port, ...settings });
    this.#child = spawn(process.execPath, [SERVICE, given], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#child.on('message', (message) => this.messages.push(message));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => void (this.errors += chunk.toString()));
    }
    this.#ended = once(this.#child, 'close');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Calls a method of its workers, or has one of them die, and waits until that is done. */
  async call(method: 'pause' | 'resume' | 'kill'): Promise<void> {
    const before = this.messages.filter((each) => each === method).length;
    this.#child.send(method);
    const isDone = (): boolean => this.messages.filter((each) => each === method).length > before;
    await eventually(`the service has done '${method}'`, isDone, WAIT);
  }

  async ended(): Promise<unknown> {
    const [code, signal] = await this.#ended;
    return code ?? signal;
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`);
    return { status: response.status, text: await response.text() };
  }

  async isReady(): Promise<boolean> {
    return this.get('/health/ready').then(
      ({ status }) => status === 200,
      () => false,
    );
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function started(settings: ConstructorParameters<typeof Service>[1] = {}): Promise<Service> {
  const service = new Service(await freePort(), settings);
  running = service;
  await eventually('the service is ready', () => service.isReady(), WAIT);
  return service;
}

/** Values numbered from `from`, over all partitions; `last` as the last one of partition 0. */
async function produce(count: number, from = 0, last?: string): Promise<string[]> {
  const producer = new Producer(client);
  await producer.start();
  const values = Array.from({ length: count }, (_, nth) => `v${from + nth}`);
  const batches = Array.from({ length: PARTITIONS }, () => new RecordBatchBuilder());
  values.forEach((value, nth) => batches[nth % PARTITIONS]?.append(0, Buffer.from('k'), Buffer.from(value)));
  if (last !== undefined) batches[0]?.append(0, Buffer.from('k'), Buffer.from(last));
  await Promise.all(batches.map((batch, partition) => producer.send('orders', partition, batch)));
  await producer.stop();
  return last === undefined ? values : [...values, last];
}

/** What readers of committed records see: each value with the thread that has written it. */
async function copies(): Promise<{ readonly value: string; readonly thread: string }[]> {
  const fetcher = new Fetcher(client, { isolation: 'read_committed', maxWaitMs: 10 });
  await fetcher.start();
  fetcher.assign([{ topic: 'copies', partition: 0, offset: 0 }]);
  const seen: { value: string; thread: string }[] = [];
  const records = new CommittedRecords();
  while (!fetcher.isCaughtUp({ topic: 'copies', partition: 0 })) {
    for (const batch of await fetcher.poll(10)) {
      records.reset(batch);
      while (records.nextRecord()) {
        const [value = '', thread = ''] = (records.cursor.value()?.toString() ?? '').split('@');
        seen.push({ value, thread });
      }
    }
  }
  await fetcher.stop();
  return seen;
}

async function copied(given: readonly string[]): Promise<void> {
  await eventually('all of it is copied', async () => (await copies()).length >= given.length, WAIT);
  expect((await copies()).map(({ value }) => value).sort()).toEqual([...given].sort());
}

beforeAll(() => {
  execFileSync(process.execPath, [BUILD]);
}, 120_000);

beforeEach(async () => {
  broker = new EmbeddedBroker();
  await broker.start();
  const { host, port } = await broker.listen();
  address = `${host}:${port}`;
  client = new Cluster({ bootstrap: [address], clientId: 'spec' });
  await client.start();
  await new Admin(client).createTopics([
    { name: 'orders', partitions: PARTITIONS },
    { name: 'copies', partitions: 1 },
  ]);
});

afterEach(async () => {
  running?.signal('SIGKILL');
  await running?.ended();
  running = undefined;
  await client.stop();
  await broker.stop();
});

describe('StreamsWorkers', () => {
  it(
    'shares the partitions between worker threads, shows them in health and metrics, and stops them in order',
    async () => {
      const service = await started();
      const given = await produce(400);
      await copied(given);

      expect(new Set((await copies()).map(({ thread }) => thread)).size).toBe(2);
      const { text } = await service.get('/metrics');
      const counted = [...text.matchAll(/^millrace_records_processed_total\{.*worker="(\d)".*\} (\d+)/gm)];
      expect(new Set(counted.map(([, worker]) => worker))).toEqual(new Set(['0', '1']));
      expect(counted.reduce((sum, [, , records]) => sum + Number(records), 0)).toBe(400);
      service.signal('SIGTERM');
      expect(await service.ended()).toBe(SERVICE_EXIT_CODES.ok);
      const offsets = await new Admin(client).committedOffsets('copying', [{ topic: 'orders', partition: 0 }]);
      expect(offsets[0]?.offset).toBe(100);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['calls process.exit', 'exit', 'it ended with exit code 3'],
    ['throws where nobody catches', 'throw', 'an uncaught TypeError'],
    ['runs streams that fail for good', 'fail', 'MR_TASK_FAILED'],
  ])(
    'replaces a worker that %s: nothing is lost or doubled',
    async (_what, value, reason) => {
      const service = await started({ onFailure: 'replace-thread' });
      const given = await produce(400);
      await copied(given);

      const more = await produce(400, 400, value);
      await copied([...given, ...more]);

      expect(service.errors).toContain(reason);
      expect(service.errors).toContain('(replace-thread)');
      await eventually('the service is ready again', () => service.isReady(), WAIT);
      const rest = await produce(40, 800);
      await copied([...given, ...more, ...rest]);
      expect(new Set((await copies()).slice(-rest.length).map(({ thread }) => thread)).size).toBe(2);
    },
    TIMEOUT_MS,
  );

  it(
    'stops the others and ends with the code for failures when a worker ends by itself, by default',
    async () => {
      const service = await started();
      await produce(40, 0, 'exit');

      expect(await service.ended()).toBe(SERVICE_EXIT_CODES.failed);
      expect(service.errors).toContain('MR_WORKER_FAILED: worker thread');
    },
    TIMEOUT_MS,
  );

  it(
    'pauses and resumes topologies in all workers, also in one that replaces another',
    async () => {
      const service = await started({ onFailure: 'replace-thread' });
      await service.call('pause');
      await service.call('kill');
      await eventually('a worker is replaced', () => service.errors.includes('exit code 4 (replace-thread)'), WAIT);
      await eventually('the service is ready again', () => service.isReady(), WAIT);
      await produce(40);
      await eventually(
        'the workers know of it',
        async () => {
          const { text } = await service.get('/metrics');
          const lag = [...text.matchAll(/^millrace_lag_records\{.*topic="orders".*\} (\d+)/gm)];
          return lag.reduce((sum, [, records]) => sum + Number(records), 0) === 40;
        },
        WAIT,
      );
      const { text } = await service.get('/metrics');
      expect(text).not.toContain('millrace_records_processed_total{');
      expect(await copies()).toEqual([]);

      await service.call('resume');
      await copied(Array.from({ length: 40 }, (_, nth) => `v${nth}`));
    },
    TIMEOUT_MS,
  );

  it(
    'does not start when the file of the workers exports no module',
    async () => {
      const service = new Service(await freePort(), { module: './no-module.mjs' });
      running = service;

      expect(await service.ended()).toBe(SERVICE_EXIT_CODES.startFailed);
      expect(service.errors).toContain('MR_WORKER_FAILED');
    },
    TIMEOUT_MS,
  );

  it('names everything that is wrong with its options', () => {
    const make = (): StreamsWorkers => new StreamsWorkers({ module: new URL('http://a.b/c.js'), threads: 0 });
    expect(make).toThrow(/threads: 0 is not[^]*module: http:\/\/a.b\/c.js is not the URL of a file/);
  });
});
