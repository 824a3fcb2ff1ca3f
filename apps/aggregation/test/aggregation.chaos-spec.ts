import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Admin, Cluster } from '@millrace/client';
import { SERVICE_EXIT_CODES } from '@millrace/nest';
import { topics } from '@millrace/schemas';
import { DeliveryLedger, eventually, PostgresProxy } from '@millrace/testing';
import {
  ContainerNetwork,
  startKafka,
  startNetworkFaults,
  startPostgres,
  startRedis,
  type Postgres,
  type RedisServer,
} from '@millrace/testing/containers';
import { Redis } from 'ioredis';
import { AggregationProcess } from './aggregation-process.js';
import { HourlyEffects } from './hourly-effects.js';
import { HOURS_OF_AIRPORT, HourlyLoad, numberedHour } from './hourly-load.js';

const PARTITIONS = 2;
const TOPIC = topics.airportHourly.name;
const GROUP = 'airport-hourly-sink';
const UPSERT = /INSERT INTO airport_hourly/;
const JANUARY = '?from=2013-01-01T00:00:00Z&to=2013-02-01T00:00:00Z';
const SLOW = { timeoutMs: 90_000, intervalMs: 50 };

/** Totals that each test may number: so none meets another one's rows. */
const NUMBERS_OF_TEST = 100 * HOURS_OF_AIRPORT;

describe('the sink of aggregation', () => {
  const stack = new AsyncDisposableStack();
  let brokers: readonly string[];
  let cluster: Cluster;
  let postgres: Postgres;
  let redis: RedisServer;
  let proxy: PostgresProxy;
  let effects: HourlyEffects;
  let app: AggregationProcess;
  let startApp: () => Promise<void>;
  let tests = 0;

  beforeAll(async () => {
    const network = stack.use(await ContainerNetwork.create());
    const [kafka, database, cache, faults] = await Promise.all([
      startKafka({ network }),
      startPostgres({ network }),
      startRedis({ network }),
      startNetworkFaults({ network }),
    ]);
    for (const each of [kafka, database, cache, faults]) stack.use(each);
    [brokers, postgres, redis] = [kafka.bootstrap, database, cache];
    // By alias: a service that was started again is found at the same address.
    const toPostgres = await faults.proxy('postgres', 'postgres:5432');
    const toRedis = await faults.proxy('redis', 'redis:6379');
    proxy = stack.use(await PostgresProxy.open(() => toPostgres.address));
    cluster = new Cluster({ bootstrap: brokers, clientId: 'chaos' });
    await cluster.start();
    stack.defer(() => cluster.stop());
    await new Admin(cluster).createTopics(
      [topics.enriched.name, TOPIC, topics.carrierDaily.name].map((name) => ({ name, partitions: PARTITIONS })),
    );
    const places = { brokers, databaseUrl: postgres.urlAt(proxy.address), redisUrl: `redis://${toRedis.address}` };
    startApp = async () => {
      app = await AggregationProcess.start(places);
    };
    await startApp();
    stack.defer(() => app[Symbol.asyncDispose]());
    effects = new HourlyEffects(() => postgres.url);
    await effects.watch();
  });
  afterAll(() => stack.disposeAsync());

  /** Begins a test's load and waits until rows arrive. */
  async function underLoad(fault: string): Promise<{ ledger: DeliveryLedger; load: HourlyLoad; first: number }> {
    const first = ++tests * NUMBERS_OF_TEST;
    const ledger = new DeliveryLedger(fault);
    const load = await HourlyLoad.start(cluster, ledger, { partitions: PARTITIONS, first });
    await eventually('rows are written', async () => (await effects.countSince(first)) > 200, SLOW);
    return { ledger, load, first };
  }

  const goesOn = async (load: HourlyLoad): Promise<void> => {
    const wanted = load.acknowledged + 400;
    await eventually('the load goes on', () => load.acknowledged > wanted, SLOW);
  };

  const rowsGoOn = async (first: number): Promise<void> => {
    const wanted = (await effects.countSince(first)) + 400;
    await eventually('rows go on', async () => (await effects.countSince(first)) > wanted, SLOW);
  };

  /** Ends the load, waits until the sink is at the end of its topic, and settles. */
  async function settle(ledger: DeliveryLedger, load: HourlyLoad, first: number): Promise<void> {
    await load.stop();
    const places = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition }));
    const ends = await new Admin(cluster).listOffsets(places.map((each) => ({ ...each, at: 'latest' as const })));
    const wanted = ends.map(({ offset }) => offset);
    await eventually(
      'the sink is at the end of its topic',
      async () => {
        const offsets = await effects.offsets();
        return wanted.every((offset, partition) => offsets[partition] === offset);
      },
      SLOW,
    );
    ledger.seen(...(await effects.since(first)));
    ledger.settle();
  }

  it('writes each row once when PostgreSQL is killed under load and comes back', async () => {
    const { ledger, load, first } = await underLoad('PostgreSQL is killed (SIGKILL) under load');

    await postgres.kill();
    const { origin } = numberedHour(first);
    expect(await app.get(`/v1/airports/${origin}/latest`)).toMatchObject({ status: 200, body: { origin } });
    expect(await app.get(`/v1/airports/${origin}/hours${JANUARY}`)).toMatchObject({ status: 503 });
    await goesOn(load);
    await postgres.start();

    expect(await postgres.log()).toContain('database system was not properly shut down');
    ledger.fired(`recovered from a crash after ${await effects.countSince(first)} rows`);
    await rowsGoOn(first);
    await settle(ledger, load, first);
    expect(app.isRunning).toBe(true);
  });

  it('writes each row once when answers to COMMIT are lost', async () => {
    const { ledger, load, first } = await underLoad('the answers to COMMIT are lost');

    await proxy.loseCommits(5, UPSERT);

    ledger.fired(`${proxy.taken} COMMITs done, their answers reset`);
    await rowsGoOn(first);
    await settle(ledger, load, first);
  });

  it('writes each row once when its process is killed after COMMIT and before it or Kafka knows', async () => {
    const { ledger, load, first } = await underLoad('the process is killed between COMMIT and the commit to Kafka');

    await proxy.withholdCommit(UPSERT);
    expect(await app.kill()).toBe('SIGKILL');

    const places = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition }));
    const inKafka = (await new Admin(cluster).committedOffsets(GROUP, places)).map((each) => each?.offset ?? 0);
    const inPostgres = await effects.offsets();
    expect(inPostgres.some((offset, partition) => offset > inKafka[partition]!)).toBe(true);
    ledger.fired(`PostgreSQL at ${inPostgres.join('/')}, Kafka at ${inKafka.join('/')}`);
    await startApp();
    await rowsGoOn(first);
    await settle(ledger, load, first);
  });

  it('writes each row once when the answer to a COMMIT never comes', async () => {
    const { ledger, load, first } = await underLoad('the answer to COMMIT never comes');
    const taken = proxy.taken;

    await proxy.withholdCommit(UPSERT);

    ledger.fired(`${proxy.taken - taken} COMMIT done, its connection silent`);
    await rowsGoOn(first);
    await settle(ledger, load, first);
    expect(app.isRunning).toBe(true);
  });

  it('refuses what a process writes that was halted in a transaction and replaced meanwhile', async () => {
    const { ledger, load, first } = await underLoad('a process is halted (SIGSTOP) in a transaction and replaced');
    const owners = await effects.owners();
    const halted = app;
    await proxy.holdBack(UPSERT);
    halted.halt();

    // The halted one has locked the offset row: its successor waits until the server ends that transaction.
    await startApp();
    await rowsGoOn(first);
    halted.goOn();

    expect(await halted.ended()).toBe(SERVICE_EXIT_CODES.failed);
    expect(await postgres.log()).toContain('terminating connection due to idle-in-transaction timeout');
    const taken = (await effects.owners()) - owners;
    expect(taken).toBeGreaterThanOrEqual(PARTITIONS);
    ledger.fired(`its transaction ended by the server, offset rows taken ${taken} times, the zombie ended by itself`);
    await rowsGoOn(first);
    await settle(ledger, load, first);
  });

  it('goes on without Redis, says so, and takes it back by itself', async () => {
    const { ledger, load, first } = await underLoad('Redis is halted, then killed');
    const { origin } = numberedHour(first);
    await eventually('the first airport is whole', async () => (await effects.countSince(first)) > 1_000, SLOW);
    const latest = async (): Promise<unknown> => (await app.get(`/v1/airports/${origin}/latest`)).body['departures'];
    const cacheIs = (state: string): Promise<boolean> =>
      eventually(
        `the health says that the cache is ${state}`,
        async () => {
          const { status, body } = await app.get('/health/ready');
          const { details } = body as { details: Record<string, { cache?: string }> };
          return status === 200 && details['latest-hours']?.cache === state;
        },
        SLOW,
      );
    await cacheIs('available');

    await redis.pause();
    await cacheIs('out of reach');
    expect(await latest()).toBe(first + HOURS_OF_AIRPORT - 1);
    await rowsGoOn(first);
    await redis.resume();
    await cacheIs('available');
    ledger.fired('out of reach while halted');

    await redis.kill();
    await cacheIs('out of reach');
    expect(await latest()).toBe(first + HOURS_OF_AIRPORT - 1);
    await rowsGoOn(first);
    await redis.start();
    await cacheIs('available');
    ledger.fired('and while killed');

    const client = new Redis(redis.url);
    stack.defer(() => client.disconnect());
    await eventually(
      'the empty cache is filled again',
      async () => (await client.keys('latest-hours:*')).length > 0,
      SLOW,
    );
    await settle(ledger, load, first);
    expect(app.isRunning).toBe(true);
  });
});
