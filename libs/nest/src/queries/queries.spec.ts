import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '@millrace/broker';
import { Admin, Cluster, Producer } from '@millrace/client';
import { RecordBatchBuilder, partitionForKey } from '@millrace/protocol';
import type { KeyValueQueries } from '@millrace/runtime';
import { session, topic, tumbling, utf8, type TopologyBuilder } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  InjectStore,
  InteractiveQueries,
  QueriesModule,
  StreamTopology,
  StreamsModule,
  StreamsRegistry,
  StreamsRunner,
  type QueriesModuleOptions,
  type StreamsModuleOptions,
  type TopologyDefinition,
} from '../index.js';

const events = topic('events', utf8, utf8);
const PARTITIONS = 4;
const AIRPORTS = ['ATL', 'BOS', 'EWR', 'JFK', 'LAX', 'LGA', 'ORD'];

// #region topology
@StreamTopology({ name: 'departures' })
class Departures implements TopologyDefinition {
  define(t: TopologyBuilder): void {
    const byAirport = t.stream('events', events).groupByKey();
    byAirport.count('count', { store: 'departures-by-airport' });
    byAirport.windowedBy(tumbling({ size: '1h', grace: '1d' })).count('hourly', { store: 'departures-by-hour' });
    byAirport.windowedBy(session({ gap: '10m', grace: '1d' })).count('bursts', { store: 'bursts' });
  }
}
// #endregion

// #region service
@Injectable()
class Board {
  constructor(@InjectStore('departures-by-airport') private readonly departures: KeyValueQueries<string, number>) {}

  /** The number of departures, from whichever member has the airport; a standby may answer that is 100 updates behind. */
  async departuresOf(airport: string): Promise<number> {
    return (await this.departures.get(airport, { allowStandby: true, maxLagRecords: 100 })) ?? 0;
  }
}
// #endregion

// #region module
@Module({})
class BoardModule {
  static with(streams: StreamsModuleOptions, queries: QueriesModuleOptions): DynamicModule {
    return {
      module: BoardModule,
      imports: [
        StreamsModule.forRoot(streams), // with advertisedUrl, such as http://10.0.0.7:3000/queries
        StreamsModule.forFeature({ topologies: [Departures] }),
        QueriesModule.forRoot(queries), // { stores: ['departures-by-airport'] }: served over HTTP, and nothing else
        QueriesModule.forFeature(['departures-by-airport']), // for @InjectStore
      ],
      providers: [Board],
    };
  }
}
// #endregion

/** A member with its own HTTP server. */
interface Member {
  readonly url: string;
  readonly app: NestFastifyApplication;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

let broker: EmbeddedBroker;
let cluster: Cluster;
let producer: Producer;
let members: Member[];

beforeEach(async () => {
  broker = new EmbeddedBroker();
  await broker.start();
  cluster = new Cluster({ bootstrap: ['memory:9092'], dialer: broker.dialer(), clientId: 'spec' });
  await cluster.start();
  producer = new Producer(cluster);
  await producer.start();
  await new Admin(cluster).createTopics([{ name: events.name, partitions: PARTITIONS }]);
  members = [];
});

afterEach(async () => {
  await Promise.all(members.map(({ app }) => app.close()));
  await producer.stop();
  await cluster.stop();
  await broker.stop();
});

/** Listens first: the port is part of what the member advertises. */
async function startMember(): Promise<Member> {
  let url = '';
  const streams: StreamsModuleOptions = {
    applicationId: 'board',
    cluster: { bootstrap: ['memory:9092'], dialer: broker.dialer() },
    commitInterval: 10,
    heartbeatInterval: 20,
    shutdownTimeout: 200,
    autoStart: false,
    advertisedUrl: () => `${url}/queries`,
  };
  const stores = ['departures-by-airport', 'departures-by-hour', 'bursts'];
  const testing = await Test.createTestingModule({ imports: [BoardModule.with(streams, { stores })] }).compile();
  const app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  const [handle] = app.get(StreamsRegistry).handles;
  if (handle !== undefined) await app.get(StreamsRunner).start(handle);
  const member = { url, app };
  members.push(member);
  return member;
}

async function get({ url }: Member, path: string): Promise<Answer> {
  const response = await fetch(`${url}/queries/${path}`);
  const { status, headers } = response;
  return { status, headers, body: (await response.json()) as Record<string, unknown> };
}

/** Ten departures of each airport, one every minute, from time 0 on. */
async function produceDepartures(): Promise<void> {
  const batches = new Map<number, RecordBatchBuilder>();
  for (let nth = 0; nth < 10 * AIRPORTS.length; nth++) {
    const key = Buffer.from(AIRPORTS[nth % AIRPORTS.length] as string);
    const partition = partitionForKey(key, PARTITIONS);
    const batch = batches.get(partition) ?? new RecordBatchBuilder();
    batches.set(partition, batch);
    batch.append(nth * 60_000, key, Buffer.from('departed'), []);
  }
  await Promise.all([...batches].map(([partition, batch]) => producer.send(events.name, partition, batch)));
}

function running({ app }: Member): number {
  const tasks = app.get(StreamsRegistry).running.flatMap((each) => each.app.health().threads.flatMap((t) => t.tasks));
  return tasks.filter(({ state }) => state === 'RUNNING').length;
}

async function spread(...expected: readonly (readonly [Member, number])[]): Promise<void> {
  const isSpread = (): boolean => expected.every(([member, count]) => running(member) === count);
  await eventually('the tasks are spread', isSpread, { timeoutMs: 15_000 });
}

async function drained(): Promise<void> {
  await Promise.all(members.flatMap(({ app }) => app.get(StreamsRegistry).handles.map((handle) => handle.drained())));
}

async function twoMembersWithDepartures(): Promise<readonly [Member, Member]> {
  const [first, second] = [await startMember(), await startMember()];
  await spread([first, 2], [second, 2]);
  await produceDepartures();
  await drained();
  return [first, second];
}

const ONE = 'departures-by-airport';

describe('QueriesModule', () => {
  it('answers any key at any member, and says who has answered', async () => {
    const [first, second] = await twoMembersWithDepartures();
    const seen = new Set<string | null>();
    for (const member of [first, second]) {
      for (const airport of AIRPORTS) {
        const { status, body, headers } = await get(member, `${ONE}/keys/${airport}`);
        expect({ status, body }).toEqual({ status: 200, body: expect.objectContaining({ key: airport, value: 10 }) });
        expect(headers.get('millrace-role')).toBe('active');
        expect(headers.get('millrace-lag')).toBe('0');
        expect(headers.get('millrace-task')).toBe(`departures/0_${partitionForKey(Buffer.from(airport), PARTITIONS)}`);
        seen.add(headers.get('millrace-member'));
      }
    }
    expect(seen.size).toBe(2);
  });

  it('injects the reads of a store, of keys that another member has too', async () => {
    const [first, second] = await twoMembersWithDepartures();

    for (const { app } of [first, second]) {
      for (const airport of AIRPORTS) await expect(app.get(Board).departuresOf(airport)).resolves.toBe(10);
      await expect(app.get(Board).departuresOf('nowhere')).resolves.toBe(0);
    }
    const hours = first.app.get(InteractiveQueries).windows<string, number>('departures-by-hour');
    expect((await hours.fetch('JFK')).map(({ startMs, value }) => [startMs, value])).toEqual([
      [0, 9],
      [3_600_000, 1],
    ]);
    await expect(hours.fetch('JFK', {}, { limit: 1 })).resolves.toHaveLength(1);
    const page = await hours.fetchAll({ toMs: 0 }, { limit: 3 });
    const { key, startMs = 0 } = page[2] as (typeof page)[number];
    const rest = await hours.fetchAll({ toMs: 0 }, { after: { key, startMs } });
    expect([...page, ...rest].map((row) => row.key)).toEqual(AIRPORTS);
  });

  it('says 503 and Retry-After while tasks move, and never a wrong answer', async () => {
    const first = await startMember();
    await spread([first, 4]);
    await produceDepartures();
    await drained();
    const statuses = new Set<number>();
    let isSettled = false;
    const settling = startMember().then(async (second) => {
      await spread([first, 2], [second, 2]);
      isSettled = true;
    });
    for (let round = 0; !isSettled || round === 0; round++) {
      for (const airport of AIRPORTS) {
        for (const member of members) {
          const { status, body, headers } = await get(member, `${ONE}/keys/${airport}`);
          statuses.add(status);
          if (status === 200) expect(body['value']).toBe(10);
          else {
            expect(status).toBe(503);
            expect(headers.get('retry-after')).toBe('1');
            expect(body['code']).toBe('MR_QUERY_UNAVAILABLE');
          }
        }
      }
    }
    await settling;
    const [, second] = members as [Member, Member];
    await first.app.close();
    const gone = await get(second, `${ONE}/all`);
    expect([200, 503]).toContain(gone.status);
    members = [second];
    await spread([second, 4]);

    for (const airport of AIRPORTS) {
      expect(await get(second, `${ONE}/keys/${airport}`)).toMatchObject({ status: 200, body: { value: 10 } });
    }
    expect(statuses).toContain(200);
  }, 30_000);

  it('says 503 and Retry-After when the member that has the key does not answer', async () => {
    const [first, second] = await twoMembersWithDepartures();
    await second.app.getHttpAdapter().getInstance().close();
    const answers = await Promise.all(AIRPORTS.map((airport) => get(first, `${ONE}/keys/${airport}`)));
    const refused = answers.filter(({ status }) => status === 503);

    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true);
    expect(answers.filter(({ status }) => status === 200).length).toBe(AIRPORTS.length - refused.length);
  });

  it('answers ranges over all members, in the order of the keys and page by page', async () => {
    const [first] = await twoMembersWithDepartures();
    const keys = ({ body }: Answer): unknown[] => (body['rows'] as { key: string }[]).map(({ key }) => key);

    const page = await get(first, `${ONE}/all?limit=3`);
    expect(keys(page)).toEqual(['ATL', 'BOS', 'EWR']);
    expect(page.headers.get('millrace-task')?.split(', ')).toHaveLength(PARTITIONS);
    const next = await get(first, `${ONE}/all?limit=5&cursor=${String(page.body['next'])}`);
    expect(keys(next)).toEqual(['JFK', 'LAX', 'LGA', 'ORD']);
    expect(next.body).not.toHaveProperty('next');
    expect(keys(await get(first, `${ONE}/range?from=BOS&to=JFK`))).toEqual(['BOS', 'EWR', 'JFK']);
    expect(keys(await get(first, `${ONE}/range?prefix=L`))).toEqual(['LAX', 'LGA']);
  });

  it('answers windows of a key, windows of all keys and sessions', async () => {
    const [first] = await twoMembersWithDepartures();

    const jfk = await get(first, 'departures-by-hour/windows/JFK?from=1970-01-01T01:00:00Z');
    expect(jfk.body['rows']).toEqual([
      { key: 'JFK', value: 1, timestampMs: 3_960_000, startMs: 3_600_000, endMs: 7_200_000 },
    ]);
    // A plus sign that nobody has encoded arrives as a space.
    const plus = await get(first, 'departures-by-hour/windows/JFK?from=1970-01-01T03:00:00+02:00');
    expect(plus.body).toEqual(jfk.body);
    const first3 = await get(first, 'departures-by-hour/windows?from=0&to=0&limit=3');
    expect((first3.body['rows'] as { key: string }[]).map(({ key }) => key)).toEqual(['ATL', 'BOS', 'EWR']);
    const cursor = String(first3.body['next']);
    const rest = await get(first, `departures-by-hour/windows?from=0&to=0&cursor=${cursor}`);
    expect((rest.body['rows'] as { key: string }[]).map(({ key }) => key)).toEqual(['JFK', 'LAX', 'LGA', 'ORD']);
    const bursts = await get(first, 'bursts/sessions/JFK');
    expect(bursts.body['rows']).toEqual([expect.objectContaining({ value: 10, startMs: 180_000, endMs: 3_960_000 })]);
  });

  it('tells the windows and the sessions of a key page by page, in no answer more than it may', async () => {
    const [first] = await twoMembersWithDepartures();
    const starts = ({ body }: Answer): unknown[] => (body['rows'] as { startMs: number }[]).map((row) => row.startMs);

    const page = await get(first, 'departures-by-hour/windows/JFK?limit=1');
    expect(starts(page)).toEqual([0]);
    const next = await get(first, `departures-by-hour/windows/JFK?limit=2&cursor=${String(page.body['next'])}`);
    expect(starts(next)).toEqual([3_600_000]);
    expect(next.body).not.toHaveProperty('next');
    const sessions = await get(first, 'bursts/sessions/JFK?limit=1');
    expect(starts(sessions)).toEqual([180_000]);
    const none = await get(first, `bursts/sessions/JFK?limit=1&cursor=${String(sessions.body['next'])}`);
    expect(none.body).toEqual({ rows: [] });
  });

  it('takes a key that no path can hold as a parameter', async () => {
    const [first] = await twoMembersWithDepartures();

    expect((await get(first, `${ONE}/keys?key=JFK`)).body['value']).toBe(10);
    expect((await get(first, 'departures-by-hour/windows?key=JFK')).body['rows']).toHaveLength(2);
    expect((await get(first, 'bursts/sessions?key=JFK')).body['rows']).toHaveLength(1);
    for (const key of ['', '..', 'a/b', '%', 'x'.repeat(500)]) {
      const answer = await get(first, `${ONE}/keys?key=${encodeURIComponent(key)}`);
      expect(answer).toMatchObject({ status: 404, body: { detail: expect.stringContaining('no row of this key') } });
    }
  });

  it('may not be kept by a cache', async () => {
    const [first] = await twoMembersWithDepartures();

    expect((await get(first, `${ONE}/keys/JFK`)).headers.get('cache-control')).toBe('no-store');
  });

  it('reads keys as bytes and as JSON where asked to', async () => {
    const [first] = await twoMembersWithDepartures();
    const key = Buffer.from('JFK').toString('base64url');

    expect((await get(first, `${ONE}/keys/${key}?keyEncoding=base64url`)).body['value']).toBe(10);
    expect((await get(first, `${ONE}/keys/%22JFK%22?keyEncoding=json`)).body['value']).toBe(10);
  });

  it('refuses what is wrong, naming the parameter, as problem JSON', async () => {
    const member = await startMember();
    await spread([member, 4]);
    const refusals: readonly (readonly [string, number, string])[] = [
      [`${ONE}/keys/nowhere`, 404, 'no row of this key'],
      ['secrets/keys/JFK', 404, 'there is no such store'],
      [`${ONE}/windows/JFK`, 400, 'ask by key, range, prefix'],
      [`${ONE}/all?limit=0`, 400, 'limit: must be a whole number from 1 to 1000'],
      [`${ONE}/all?cursor=*`, 400, 'cursor: must be'],
      [`${ONE}/keys/JFK?keyEncoding=hex`, 400, 'keyEncoding: must be utf8, base64url or json'],
      [`${ONE}/keys/JFK?allowStandby=maybe`, 400, 'allowStandby: must be false or true'],
      [`${ONE}/keys/JFK?partition=9`, 400, 'partition: 9'],
      ['departures-by-hour/windows/JFK?from=yesterday', 400, 'from: must be milliseconds since 1970'],
      ['departures-by-hour/windows/JFK?from=day%201', 400, 'from: must be milliseconds since 1970'],
      ['departures-by-hour/windows/JFK?from=2013-01-01T10:00:00', 400, 'a time with its offset'],
      ['departures-by-hour/windows?cursor=.SkZL', 400, 'cursor: must be'],
      ['departures-by-hour/windows?cursor=99999999999999999999.SkZL', 400, 'cursor: must be'],
      ['bursts/sessions', 400, 'key: is missing'],
      [`${ONE}/range?form=BOS`, 400, 'form: is no parameter of this route: it has from, to, prefix'],
      [`${ONE}/range?from=BOS&from=JFK`, 400, 'from: is given several times'],
      [`${ONE}/range?from=BOS&prefix=J`, 400, 'prefix: excludes from and to'],
      [`${ONE}/keys/A?keyEncoding=base64url`, 400, 'key: is not base64url'],
      [`${ONE}/keys/JFK?key=JFK`, 400, 'key: is no parameter of this route'],
    ];
    for (const [path, status, detail] of refusals) {
      const answer = await get(member, path);
      expect(answer).toMatchObject({ status, body: { status, detail: expect.stringContaining(detail) } });
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    }
  });

  it('answers another member from its own stores alone', async () => {
    const [first] = await twoMembersWithDepartures();
    const query = { query: { kind: 'range' }, partitions: [0, 1, 2, 3], isolation: 'read_committed' };
    const post = (body: unknown): Promise<Response> =>
      fetch(`${first.url}/queries/${ONE}/member-queries`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });

    expect((await post(query)).status).toBe(503);
    const misshapen = [
      { ...query, partitions: 'all' },
      { ...query, query: { kind: 'key' } },
      { ...query, query: { kind: 'windows', key: 'SkZL', fromMs: '0', toMs: 1 } },
      { ...query, query: { kind: 'constructor' } },
      { ...query, query: { kind: 'range', from: 1 } },
      'nothing',
    ];
    const answers = await Promise.all(misshapen.map(post));
    expect(answers.map(({ status }) => status)).toEqual(misshapen.map(() => 400));
  });

  it('does not boot when it is to serve a store that there is not', async () => {
    const streams = { applicationId: 'board', cluster: { bootstrap: ['memory:9092'] }, autoStart: false };
    const imports = [BoardModule.with(streams, { stores: ['departures'] })];
    const testing = await Test.createTestingModule({ imports }).compile();

    await expect(testing.init()).rejects.toThrow("has a store 'departures'");
  });
});
