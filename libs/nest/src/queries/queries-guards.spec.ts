import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '@millrace/broker';
import { Admin, Cluster, Producer } from '@millrace/client';
import { RecordBatchBuilder } from '@millrace/protocol';
import { HttpQueryTransport } from '@millrace/runtime';
import { topic, utf8, type Serde, type TopologyBuilder } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Inject, Injectable, Module, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  QueriesModule,
  StreamTopology,
  StreamsModule,
  StreamsRegistry,
  StreamsRunner,
  type TopologyDefinition,
} from '../index.js';

const PARTITIONS = 20;
const events = topic('events', utf8, utf8);
const TOKEN = Symbol('token');

interface Held {
  readonly number: bigint;
  readonly bytes: Buffer;
}

/** A format whose values JSON does not have. */
const binary: Serde<Held> = {
  name: 'binary',
  serialize: ({ number, bytes }) => {
    const written = Buffer.alloc(8 + bytes.length);
    written.writeBigInt64BE(number);
    bytes.copy(written, 8);
    return written;
  },
  deserialize: (buffer, start, end) => ({
    number: buffer.readBigInt64BE(start),
    bytes: Buffer.from(buffer.subarray(start + 8, end)),
  }),
};

@StreamTopology({ name: 'holding' })
class Holding implements TopologyDefinition {
  define(t: TopologyBuilder): void {
    t.stream('events', events)
      .groupByKey()
      .aggregate<Held>('hold', {
        store: 'held',
        value: binary,
        initialize: () => ({ number: 2n ** 60n, bytes: Buffer.alloc(0) }),
        add: ({ number }, value) => ({ number: number + 1n, bytes: Buffer.from(value) }),
      });
  }
}

// #region guard
@Injectable()
class OnlyWithToken implements CanActivate {
  constructor(@Inject(TOKEN) private readonly token: string) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    return headers['authorization'] === `Bearer ${this.token}`;
  }
}
// #endregion

@Module({ providers: [{ provide: TOKEN, useValue: 'open' }], exports: [TOKEN] })
class TokenModule {}

describe('QueriesModule with guards', () => {
  let broker: EmbeddedBroker;
  let members: NestFastifyApplication[];
  let urls: string[];

  beforeEach(async () => {
    broker = new EmbeddedBroker();
    await broker.start();
    members = [];
    urls = [];
    const cluster = new Cluster({ bootstrap: ['memory:9092'], dialer: broker.dialer(), clientId: 'spec' });
    await cluster.start();
    await new Admin(cluster).createTopics([{ name: events.name, partitions: PARTITIONS }]);
    const producer = new Producer(cluster);
    await producer.start();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const batch = new RecordBatchBuilder();
      batch.append(1, Buffer.from(`key-${partition}`), Buffer.from('\u0001\u0002'), []);
      await producer.send(events.name, partition, batch);
    }
    await producer.stop();
    await cluster.stop();
    for (let nth = 0; nth < 2; nth++) await start(nth);
    await eventually('the tasks are spread', () => members.every((each) => running(each) === PARTITIONS / 2), {
      timeoutMs: 15_000,
    });
    await Promise.all(members.flatMap((each) => each.get(StreamsRegistry).handles.map((handle) => handle.drained())));
  });

  afterEach(async () => {
    await Promise.all(members.map((each) => each.close()));
    await broker.stop();
  });

  async function start(nth: number): Promise<void> {
    // #region transport
    const queryTransport = new HttpQueryTransport({ headers: () => ({ authorization: 'Bearer open' }) });
    // #endregion
    const module = await Test.createTestingModule({
      imports: [
        StreamsModule.forRoot({
          applicationId: 'holding',
          cluster: { bootstrap: ['memory:9092'], dialer: broker.dialer() },
          commitInterval: 10,
          heartbeatInterval: 20,
          shutdownTimeout: 200,
          autoStart: false,
          advertisedUrl: () => `${urls[nth]}/queries`,
          queryTransport,
        }),
        StreamsModule.forFeature({ topologies: [Holding] }),
        // #region guarded
        QueriesModule.forRoot({ stores: ['held'], guards: [OnlyWithToken], imports: [TokenModule] }),
        // #endregion
      ],
    }).compile();
    const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    urls[nth] = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    const [handle] = app.get(StreamsRegistry).handles;
    if (handle !== undefined) await app.get(StreamsRunner).start(handle);
    members.push(app);
  }

  function running(app: NestFastifyApplication): number {
    const handles = app.get(StreamsRegistry).running;
    const tasks = handles.flatMap((each) => each.app.health().threads.flatMap((thread) => thread.tasks));
    return tasks.filter(({ state }) => state === 'RUNNING').length;
  }

  it('lets clients and members in who have credentials, and nobody else', async () => {
    const paths = ['held/all', 'held/keys/key-1', 'held/range', 'held/member-queries'];
    for (const path of paths) {
      const method = path.endsWith('member-queries') ? 'POST' : 'GET';
      const refused = await fetch(`${urls[0]}/queries/${path}`, { method });
      expect(refused.status).toBe(403);
      expect(refused.headers.get('content-type')).toContain('application/problem+json');
    }
    const all = await fetch(`${urls[0]}/queries/held/all`, { headers: { authorization: 'Bearer open' } });
    expect(all.status).toBe(200);
    const { rows } = (await all.json()) as { rows: unknown[] };
    expect(rows).toHaveLength(PARTITIONS);
  });

  it('shows bytes and great numbers that JSON does not have, and names many tasks in few words', async () => {
    const all = await fetch(`${urls[0]}/queries/held/all?limit=1`, { headers: { authorization: 'Bearer open' } });
    const { rows } = (await all.json()) as { rows: unknown[] };

    expect(rows).toEqual([{ key: 'key-0', value: { number: String(2n ** 60n + 1n), bytes: 'AQI' }, timestampMs: 1 }]);
    expect(all.headers.get('millrace-task')).toBe('holding/0_0 to holding/0_19');
  });
});
