import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { ContainerNetwork, startNetworkFaults, startPostgres, startRedis } from '../src/containers.js';

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

  it('Redis keeps and gives back', async () => {
    await using server = await startRedis();
    const redis = new Redis(server.url);

    await redis.set('JFK', '42');
    expect(await redis.get('JFK')).toBe('42');
    redis.disconnect();
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
