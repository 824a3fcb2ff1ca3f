import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { eventually } from '@millrace/testing';
import { describeCacheContract } from '../../test/cache-contract.js';
import { freePort, RedisServer, redisServerMissing } from '../../test/redis-server.js';
import { cacheChannels, type StoreFailedEvent } from '../diagnostics/channels.js';
import { RedisCache, type RedisCacheOptions } from './redis-cache.js';

const opened: RedisCache[] = [];

async function open(options: Partial<RedisCacheOptions> & { readonly url: string }): Promise<RedisCache> {
  const cache = new RedisCache({ name: 'flights', ttl: '60s', ...options });
  opened.push(cache);
  await cache.start();
  return cache;
}

afterEach(async () => {
  for (const cache of opened.splice(0)) await cache.stop();
});

function storeFailures(): { readonly events: StoreFailedEvent[]; readonly stop: () => void } {
  const events: StoreFailedEvent[] = [];
  return { events, stop: cacheChannels.storeFailed.subscribe((event) => events.push(event)) };
}

async function expectWorksWithoutRedis(cache: RedisCache): Promise<void> {
  expect(await cache.getOrLoad('key', async () => 'from the source')).toBe('from the source');
  await cache.set('key', 5);
  await cache.delete('key');
  expect(await cache.get('key')).toBeUndefined();
  expect(await cache.getOrLoad('key', async () => 'again')).toBe('again');
}

describe('RedisCache without a Redis', () => {
  it('starts, asks the source, and reports each failure', async () => {
    const failures = storeFailures();
    const cache = await open({ url: `redis://127.0.0.1:${await freePort()}` });
    await expectWorksWithoutRedis(cache);
    failures.stop();
    expect(cache.isAvailable).toBe(false);
    expect(new Set(failures.events.map(({ operation }) => operation))).toEqual(
      new Set(['connection', 'read', 'write', 'delete']),
    );
  });

  it('throws what the source throws, not what Redis does', async () => {
    const cache = await open({ url: `redis://127.0.0.1:${await freePort()}` });
    await expect(cache.getOrLoad('key', async () => Promise.reject(new Error('the source is down')))).rejects.toThrow(
      'the source is down',
    );
  });

  it('runs every command through its guard', async () => {
    const cache = await open({
      url: `redis://127.0.0.1:${await freePort()}`,
      guard: async () => Promise.reject(new Error('the breaker is open')),
    });
    await expectWorksWithoutRedis(cache);
  });
});

describe('RedisCache with a Redis that does not answer', () => {
  let server: Server;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  it('asks the source after the time limit of a command', async () => {
    const { port } = server.address() as AddressInfo;
    const cache = await open({ url: `redis://127.0.0.1:${port}`, connectTimeoutMs: 50, commandTimeoutMs: 50 });
    await expectWorksWithoutRedis(cache);
  });
});

describe('RedisCache with a Redis that falls silent', () => {
  let server: Server;
  let isSilent = false;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.on('data', (chunk) => {
        const commands = chunk.toString().match(/^\*\d+\r$/gm)?.length ?? 0;
        if (!isSilent) socket.write('+OK\r\n'.repeat(commands));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  it('waits for one time limit only, then goes on without it, and with it again once it speaks', async () => {
    const { port } = server.address() as AddressInfo;
    const cache = await open({ url: `redis://127.0.0.1:${port}`, commandTimeoutMs: 200 });
    expect(cache.isAvailable).toBe(true);

    isSilent = true;
    await expect(cache.get('key')).resolves.toBeUndefined();
    await eventually('the silent connection is given up', () => !cache.isAvailable);
    const failures = storeFailures();
    await expectWorksWithoutRedis(cache);
    failures.stop();
    expect(failures.events.length).toBeGreaterThan(0);

    isSilent = false;
    await eventually('there is a connection again', () => cache.isAvailable, { timeoutMs: 10_000 });
  });
});

const missing = redisServerMissing();
if (missing !== undefined) {
  process.stderr.write(`\n*** RedisCache is NOT checked against a real Redis: ${missing} ***\n\n`);
  describe('RedisCache on a real Redis', () => {
    it(`is NOT checked here: ${missing}`, () => {
      expect(redisServerMissing()).toBe(missing);
    });
  });
} else {
  describe('on a real Redis', () => {
    let server: RedisServer;

    beforeAll(async () => {
      server = await RedisServer.start();
    });

    afterAll(() => server.kill());

    let nth = 0;
    describeCacheContract('RedisCache', (settings) =>
      open({ ...settings, url: server.url, keyPrefix: `contract-${nth++}:` }),
    );

    it('shares entries with other caches of the same prefix, and only with them', async () => {
      const [one, two, other] = await Promise.all([
        open({ url: server.url, keyPrefix: 'shared:' }),
        open({ url: server.url, keyPrefix: 'shared:' }),
        open({ url: server.url, keyPrefix: 'other:' }),
      ]);
      await one.set('key', 5);
      expect(await two.get('key')).toBe(5);
      expect(await other.get('key')).toBeUndefined();
    });

    it('gives every entry an expiry, so that Redis frees its memory', async () => {
      const cache = await open({ url: server.url, keyPrefix: 'expiry:' });
      await cache.set('key', 5);
      const redis = new Redis(server.url);
      const ttlMs = await redis.pttl('expiry:key');
      await redis.quit();
      expect(ttlMs).toBeGreaterThan(50_000);
      expect(ttlMs).toBeLessThanOrEqual(60_000);
    });

    it.each(['no json', '17', 'null', '{"at":"x"}', '{"json":"{","at":9e15,"load":0}'])(
      'takes %s, which it did not write, for nothing',
      async (text) => {
        const cache = await open({ url: server.url, keyPrefix: 'foreign:' });
        const redis = new Redis(server.url);
        await redis.set('foreign:key', text);
        await redis.quit();
        expect(await cache.get('key')).toBeUndefined();
        expect(await cache.getOrLoad('key', async () => 'loaded')).toBe('loaded');
      },
    );

    it('goes on with the source when Redis dies, and with Redis when that is back', async () => {
      const first = await RedisServer.start();
      const cache = await open({ url: first.url });
      await cache.set('key', 'in Redis');
      expect(await cache.get('key')).toBe('in Redis');
      await first.kill();
      await expectWorksWithoutRedis(cache);
      const second = await RedisServer.start(first.port);
      while (!cache.isAvailable) await new Promise((resolve) => setTimeout(resolve, 5));
      await cache.set('key', 'in Redis again');
      expect(await cache.get('key')).toBe('in Redis again');
      await second.kill();
    });
  });
}
