import { afterAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { ADDRESSES } from './addresses.js';

const MEBIBYTE = 1024 * 1024;
const LIMIT_MEBIBYTES = 256;

describe('the cache of docker/compose.yml', () => {
  const redis = new Redis(ADDRESSES.redis);
  afterAll(() => redis.disconnect());

  it('takes writes when it is full: what was not used for the longest time goes', async () => {
    const figureOf = async (section: string, name: string): Promise<number> =>
      Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await redis.info(section))?.[1]);
    const keys = Array.from({ length: LIMIT_MEBIBYTES + 50 }, (_, nth) => `spec:${nth}`);
    const evictedBefore = await figureOf('stats', 'evicted_keys');
    expect(await figureOf('memory', 'maxmemory')).toBe(LIMIT_MEBIBYTES * MEBIBYTE);

    for (const key of keys) expect(await redis.set(key, 'x'.repeat(MEBIBYTE), 'EX', 600)).toBe('OK');

    expect(await redis.exists(keys.at(-1)!)).toBe(1);
    expect(await redis.exists(keys[0]!)).toBe(0);
    expect((await figureOf('stats', 'evicted_keys')) - evictedBefore).toBeGreaterThanOrEqual(50);
    await redis.del(...keys);
  });
});
