import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, ManualClock, SeededRandom } from '@millrace/kernel';
import fc from 'fast-check';
import { describeCacheContract } from '../../test/cache-contract.js';
import { cacheChannels } from '../diagnostics/channels.js';
import { InProcessCache } from './in-process-cache.js';

describeCacheContract('InProcessCache', async (settings) => new InProcessCache(settings));

describe('InProcessCache', () => {
  function bounded(maxEntries: number): InProcessCache {
    return new InProcessCache({
      name: 'flights',
      ttl: '60s',
      maxEntries,
      clock: new ManualClock(),
      random: new SeededRandom(1),
    });
  }

  it('makes room by dropping the entry that was used longest ago, and says so', async () => {
    const evictions: object[] = [];
    const stop = cacheChannels.evicted.subscribe((event) => evictions.push(event));
    const cache = bounded(2);
    await cache.set('a', 1);
    await cache.set('b', 2);
    await cache.get('a');
    await cache.set('c', 3);
    stop();
    expect(await cache.get('b')).toBeUndefined();
    expect(await cache.get('a')).toBe(1);
    expect(evictions).toEqual([{ cache: 'flights', entries: 2 }]);
  });

  it('never holds more entries than it may, and holds exactly those used last', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.record({ kind: fc.constantFrom('get', 'set', 'delete'), key });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const cache = bounded(3);
        let expected: string[] = [];
        for (const { kind, key: used } of steps) {
          const isThere = expected.includes(used);
          if (kind === 'get') expect((await cache.get(used)) === used).toBe(isThere);
          if (kind === 'set') await cache.set(used, used);
          if (kind === 'delete') await cache.delete(used);
          const others = expected.filter((each) => each !== used);
          expected = kind === 'set' || (kind === 'get' && isThere) ? [...others, used].slice(-3) : others;
          expect(cache.size).toBe(expected.length);
        }
      }),
    );
  });

  it('refuses a bound that bounds nothing', () => {
    expect(() => bounded(0)).toThrow(ConfigurationError);
  });
});
