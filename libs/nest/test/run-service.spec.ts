import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { brokerChannels, EmbeddedBroker } from '@millrace/broker';
import { Admin, Cluster, Producer } from '@millrace/client';
import { SERVICE_EXIT_CODES } from '@millrace/nest';
import { RecordBatchBuilder } from '@millrace/protocol';
import { eventually } from '@millrace/testing';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('../../../tools/build.mjs', import.meta.url));
const SERVICE = fileURLToPath(new URL('./example-service.mjs', import.meta.url));
const PROCESS_TIMEOUT_MS = 20_000;

interface Settings {
  readonly bootstrap?: string;
  readonly port?: number;
  readonly fault?: 'settings' | 'defect' | 'topology' | 'after stop';
}

/** The example service as a process, with what it says. */
class Service {
  readonly events: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  #errors = '';

  constructor(settings: Settings) {
    const given = JSON.stringify({ bootstrap: address, port: 0, ...settings });
    this.#child = spawn(process.execPath, [SERVICE, given], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    this.#child.on('message', (event: string) => this.events.push(event));
    this.#child.stderr?.on('data', (chunk: Buffer) => void (this.#errors += chunk.toString()));
    this.#ended = once(this.#child, 'close');
    running.push(this);
  }

  get errors(): string {
    return this.#errors;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The exit code, or the signal that killed it. */
  async ended(): Promise<unknown> {
    const [code, signal] = await this.#ended;
    return code ?? signal;
  }

  async tells(event: string): Promise<void> {
    await eventually(`the service tells '${event}'`, () => this.events.includes(event), {
      timeoutMs: PROCESS_TIMEOUT_MS,
    });
  }
}

let broker: EmbeddedBroker;
let address: string;
let client: Cluster;
let groupStates: string[];
let unsubscribe: () => void;
const running: Service[] = [];

async function produce(...values: readonly string[]): Promise<void> {
  const producer = new Producer(client);
  await producer.start();
  const batch = new RecordBatchBuilder();
  for (const value of values) batch.append(0, Buffer.from('a'), Buffer.from(value));
  await producer.send('orders', 0, batch);
  await producer.stop();
}

/** How many records of the topic are committed; the markers that end transactions count as one. */
async function committed(topic: string): Promise<number | undefined> {
  const query = { topic, partition: 0, at: 'latest', isolation: 'read_committed' } as const;
  return (await new Admin(client).listOffsets([query]))[0]?.offset;
}

async function committedInput(): Promise<number | undefined> {
  return (await new Admin(client).committedOffsets('copying', [{ topic: 'orders', partition: 0 }]))[0]?.offset;
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
    { name: 'orders', partitions: 1 },
    { name: 'copies', partitions: 1 },
  ]);
  groupStates = [];
  unsubscribe = brokerChannels.groupState.subscribe(({ groupId, to }) => {
    if (groupId === 'copying') groupStates.push(to);
  });
});

afterEach(async () => {
  for (const service of running) service.signal('SIGKILL');
  await Promise.all(running.splice(0).map((service) => service.ended()));
  unsubscribe();
  await client.stop();
  await broker.stop();
});

describe('runService', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'commits what was handled, leaves the group and ends with 0 at %s',
    async (signal) => {
      await produce('1', '2', '3');
      const service = new Service({});
      await service.tells('handled 3');
      expect(await committed('copies')).toBe(0);

      service.signal(signal);

      expect(await service.ended()).toBe(SERVICE_EXIT_CODES.ok);
      expect(await committed('copies')).toBe(4);
      expect(await committedInput()).toBe(3);
      expect(groupStates.at(-1)).toBe('Empty');
      expect(service.events.at(-1)).toBe('after stop');
    },
    PROCESS_TIMEOUT_MS,
  );

  it(
    'ends with the code for settings, listing all that are wrong, before anything starts',
    async () => {
      const service = new Service({ fault: 'settings' });

      expect(await service.ended()).toBe(SERVICE_EXIT_CODES.configuration);
      expect(service.errors).toMatch(/MR_CONFIG_INVALID[^]*HOST is missing[^]*PORT is no number/);
      expect(service.events).toEqual([]);
    },
    PROCESS_TIMEOUT_MS,
  );

  it(
    'ends with the code for a failed start when the settings cannot be read at all',
    async () => {
      const service = new Service({ fault: 'defect' });

      expect(await service.ended()).toBe(SERVICE_EXIT_CODES.startFailed);
      expect(service.errors).toContain('a defect of configure');
    },
    PROCESS_TIMEOUT_MS,
  );

  it(
    'ends with the code for a failed start when a topology is wrong, and says what is',
    async () => {
      const service = new Service({ fault: 'topology' });

      expect(await service.ended()).toBe(SERVICE_EXIT_CODES.startFailed);
      expect(service.errors).toContain("topology 'copying' (Copying): 'bad name' cannot be the name");
    },
    PROCESS_TIMEOUT_MS,
  );

  it(
    'leaves the group when its port is in use, so that nobody waits for its session to time out',
    async () => {
      const occupant = createServer().listen(0, '127.0.0.1');
      await once(occupant, 'listening');
      const service = new Service({ port: (occupant.address() as AddressInfo).port });

      const exitCode = await service.ended();
      occupant.close();

      expect(exitCode).toBe(SERVICE_EXIT_CODES.startFailed);
      expect(service.errors).toContain('EADDRINUSE');
      expect(service.events.at(-1)).toBe('after stop');
      // It has left the group, or had not joined it yet.
      expect(['Empty', undefined]).toContain(groupStates.at(-1));
    },
    PROCESS_TIMEOUT_MS,
  );

  it(
    'stops everything and ends with the code for failures when a topology ends by itself',
    async () => {
      await produce('1', 'defect');
      const service = new Service({});

      expect(await service.ended()).toBe(SERVICE_EXIT_CODES.failed);
      expect(service.errors).toContain('failed at orders-0@1');
      expect(service.events.at(-1)).toBe('after stop');
      expect(groupStates.at(-1)).toBe('Empty');
    },
    PROCESS_TIMEOUT_MS,
  );

  it(
    'tells why a topology ended also when stopping fails after it',
    async () => {
      await produce('defect');
      const service = new Service({ fault: 'after stop' });

      expect(await service.ended()).toBe(SERVICE_EXIT_CODES.failed);
      expect(service.errors).toMatch(/failed at orders-0@0[^]*a defect of afterStop/);
    },
    PROCESS_TIMEOUT_MS,
  );

  it(
    'ends with the code for failures when a signal cannot stop it in order',
    async () => {
      const service = new Service({ fault: 'after stop' });
      await service.tells('configured');
      await produce('1');
      await service.tells('handled 1');

      service.signal('SIGTERM');

      expect(await service.ended()).toBe(SERVICE_EXIT_CODES.failed);
      expect(service.errors).toContain('a defect of afterStop');
    },
    PROCESS_TIMEOUT_MS,
  );
});
