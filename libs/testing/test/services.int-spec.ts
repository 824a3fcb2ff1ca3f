import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { eventually } from '../src/index.js';
import {
  ContainerNetwork,
  startNetworkFaults,
  startPostgres,
  startPostgresReplica,
  startRedis,
  startRegistry,
  startS3,
} from '../src/containers.js';

async function queryPostgres(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the fixture of', () => {
  it('PostgreSQL starts a database of its own that can be decoded', async () => {
    await using postgres = await startPostgres({ settings: { max_connections: 17 } });

    const sql = `SELECT current_database() AS database, current_setting('wal_level') AS wal, current_setting('max_connections') AS most`;
    expect(await queryPostgres(postgres.url, sql)).toEqual([{ database: 'millrace', wal: 'logical', most: '17' }]);
  });

  it('PostgreSQL comes back with its rows after it was killed', async () => {
    await using postgres = await startPostgres();
    await queryPostgres(postgres.url, `CREATE TABLE airports AS SELECT 'JFK' AS code`);

    await postgres.kill();
    await expect(queryPostgres(postgres.url, 'SELECT 1')).rejects.toThrow();
    await expect(postgres.kill()).rejects.toThrow();
    await postgres.start();

    expect(await queryPostgres(postgres.url, 'SELECT code FROM airports')).toEqual([{ code: 'JFK' }]);
    expect(await postgres.log()).toContain('database system was not properly shut down');
  });

  it('a read replica follows its primary, takes no writes, and answers while the primary is killed', async () => {
    await using network = await ContainerNetwork.create();
    await using primary = await startPostgres({ network, mayBeFollowed: true });
    await using replica = await startPostgresReplica({ network });
    const codes = async (): Promise<unknown[]> => queryPostgres(replica.url, 'SELECT code FROM airports ORDER BY code');
    const hasCodes = async (wanted: number): Promise<boolean> => (await codes()).length === wanted;

    await queryPostgres(primary.url, `CREATE TABLE airports AS SELECT 'JFK' AS code`);
    await eventually('the row has followed', () => hasCodes(1), { timeoutMs: 30_000 });
    await expect(queryPostgres(replica.url, `INSERT INTO airports VALUES ('LGA')`)).rejects.toMatchObject({
      code: '25006',
    });

    await primary.kill();
    expect(await codes()).toEqual([{ code: 'JFK' }]);

    await primary.start();
    await queryPostgres(primary.url, `INSERT INTO airports VALUES ('EWR')`);
    await eventually('it follows again', () => hasCodes(2), { timeoutMs: 60_000, intervalMs: 100 });
  });

  it('Redis is silent while it is halted, and answers again', async () => {
    await using server = await startRedis();
    const redis = new Redis(server.url, { commandTimeout: 500 });
    expect(await redis.ping()).toBe('PONG');

    await server.pause();
    await expect(redis.ping()).rejects.toThrow('Command timed out');
    await server.resume();

    await eventually('Redis answers', async () => (await redis.ping()) === 'PONG');
    redis.disconnect();
  });

  it('Redis keeps and gives back', async () => {
    await using server = await startRedis();
    const redis = new Redis(server.url);

    await redis.set('JFK', '42');
    expect(await redis.get('JFK')).toBe('42');
    redis.disconnect();
  });

  it('S3 has one winner where two put the same object on condition', async () => {
    await using server = await startS3();
    await server.createBucket('flights');
    const s3 = server.client();
    const put = (Body: string): Promise<string> =>
      s3.send(new PutObjectCommand({ Bucket: 'flights', Key: 'a', Body, IfNoneMatch: '*' })).then(
        () => 'put',
        (error: Error) => error.name,
      );

    expect((await Promise.all([put('one'), put('two')])).sort()).toEqual(['PreconditionFailed', 'put']);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'flights', Key: 'a' }));
    expect(['one', 'two']).toContain(await Body!.transformToString());
    s3.destroy();
  });

  it('the registry takes a schema and gives it back by its id', async () => {
    await using registry = await startRegistry();
    const schema = JSON.stringify({ type: 'record', name: 'Flight', fields: [{ name: 'origin', type: 'string' }] });
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };

    const registered = await fetch(`${registry.url}/subjects/flights-value/versions`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ schema }),
    });
    const { id } = (await registered.json()) as { id: number };
    const found = (await (await fetch(`${registry.url}/schemas/ids/${id}`)).json()) as { schema: string };

    expect(JSON.parse(found.schema)).toEqual(JSON.parse(schema));
  });

  it('network faults delays, refuses and heals a connection', async () => {
    await using network = await ContainerNetwork.create();
    await using _postgres = await startPostgres({ network });
    await using faults = await startNetworkFaults({ network });
    const proxy = await faults.proxy('postgres', 'postgres:5432');
    const url = `postgres://millrace:millrace@${proxy.address}/millrace`;
    const timed = async (): Promise<number> => {
      const begunMs = performance.now();
      await queryPostgres(url, 'SELECT 1');
      return performance.now() - begunMs;
    };
    await timed();

    await proxy.latency({ latencyMs: 700 });
    expect((await proxy.faults()).map(({ type, stream }) => `${type} ${stream}`)).toEqual(['latency downstream']);
    expect(await timed()).toBeGreaterThan(700);

    await proxy.refuse();
    await expect(timed()).rejects.toThrow();

    await proxy.heal();
    expect(await proxy.faults()).toEqual([]);
    await timed();
  });
});
