import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, type Random } from '@millrace/kernel';
import { cacheChannels, type Cache } from '../src/index.js';

/** What a test decides about the cache that it looks at. */
export interface CacheSettings {
  readonly name: string;
  readonly ttl: '60s';
  readonly clock: ManualClock;
  readonly random: Random;
}

/** A value that says how often it was loaded. */
function source(): { readonly load: () => Promise<{ loaded: number }>; readonly loads: number } {
  let loads = 0;
  return {
    load: async () => ({ loaded: ++loads }),
    get loads() {
      return loads;
    },
  };
}

/** A load that ends when the test says so. */
function held<T>(): {
  readonly load: () => Promise<T>;
  readonly began: Promise<void>;
  readonly end: (value: T) => void;
  readonly fail: (error: Error) => void;
} {
  let end!: (value: T) => void;
  let fail!: (error: Error) => void;
  const result = new Promise<T>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  let begin!: () => void;
  const began = new Promise<void>((resolve) => (begin = resolve));
  const load = (): Promise<T> => {
    begin();
    return result;
  };
  return { load, began, end, fail };
}

/** Randomness that always answers the same; 0 means no jitter, and no early refresh. */
class FixedRandom implements Random {
  value = 0;

  next(): number {
    return this.value;
  }
}

/** What every {@link Cache} does, whatever it keeps its entries in. */
export function describeCacheContract(what: string, create: (settings: CacheSettings) => Promise<Cache>): void {
  describe(what, () => {
    let clock: ManualClock;
    let random: FixedRandom;
    let cache: Cache;
    let events: object[];
    let unsubscribe: (() => void)[];

    beforeEach(async () => {
      clock = new ManualClock(1_357_035_300_000);
      random = new FixedRandom();
      events = [];
      unsubscribe = [cacheChannels.lookup, cacheChannels.load, cacheChannels.storeFailed].map((channel) =>
        channel.subscribe((event: object) => events.push({ ...event })),
      );
      cache = await create({ name: 'flights', ttl: '60s', clock, random });
    });

    afterEach(() => unsubscribe.forEach((each) => each()));

    it.each([{ text: 'é|"' }, [1, null, 'a'], 'text', 0, false, null, ''])('gives back %j', async (value) => {
      await cache.set('key', value);
      expect(await cache.get('key')).toEqual(value);
    });

    it('knows nothing of a key that was not set, or was deleted', async () => {
      expect(await cache.get('key')).toBeUndefined();
      await cache.set('key', 5);
      await cache.delete('key');
      expect(await cache.get('key')).toBeUndefined();
      expect(events).toMatchObject([{ cache: 'flights', result: 'miss' }, { result: 'miss' }]);
    });

    it('keeps keys apart, whatever is in them', async () => {
      const keys = ['a', 'a:b', 'a b', 'é', '', '{a}', 'A'];
      for (const key of keys) await cache.set(key, key);
      for (const key of keys) expect(await cache.get(key)).toBe(key);
    });

    it('forgets an entry when its time is over', async () => {
      await cache.set('default', 1);
      await cache.set('short', 2, { ttl: '10s' });
      clock.advance(9_999);
      expect(await cache.get('short')).toBe(2);
      clock.advance(1);
      expect(await cache.get('short')).toBeUndefined();
      expect(await cache.get('default')).toBe(1);
      clock.advance(50_000);
      expect(await cache.get('default')).toBeUndefined();
    });

    it('shortens the time of an entry at random, by a tenth at most', async () => {
      random.value = 0.5;
      await cache.set('key', 1);
      clock.advance(56_999);
      expect(await cache.get('key')).toBe(1);
      clock.advance(1);
      expect(await cache.get('key')).toBeUndefined();
    });

    it('never lets readers share an object', async () => {
      const written = { list: [1] };
      await cache.set('key', written);
      written.list.push(2);
      const read = await cache.get<{ list: number[] }>('key');
      read?.list.push(3);
      expect(await cache.get('key')).toEqual({ list: [1] });
    });

    it('loads what it does not have, once', async () => {
      const flights = source();
      expect(await cache.getOrLoad('key', flights.load)).toEqual({ loaded: 1 });
      expect(await cache.getOrLoad('key', flights.load)).toEqual({ loaded: 1 });
      clock.advance(60_000);
      expect(await cache.getOrLoad('key', flights.load)).toEqual({ loaded: 2 });
      expect(events).toMatchObject([
        { result: 'miss' },
        { outcome: 'loaded', isEarly: false },
        { result: 'hit' },
        { result: 'miss' },
        { outcome: 'loaded' },
      ]);
    });

    it('lets one of many callers load while the others wait, and gives each an object of its own', async () => {
      const flights = source();
      const values = await Promise.all(Array.from({ length: 50 }, () => cache.getOrLoad('key', flights.load)));
      expect(flights.loads).toBe(1);
      expect(values).toEqual(Array.from({ length: 50 }, () => ({ loaded: 1 })));
      expect(new Set(values).size).toBe(50);
      expect(events.filter((event) => 'result' in event && event.result === 'shared')).toHaveLength(49);
    });

    it('gives a failed load to all who wait, and keeps nothing', async () => {
      const broken = held<number>();
      const waiting = [cache.getOrLoad('key', broken.load), cache.getOrLoad('key', broken.load)];
      const failure = new Error('the source is down');
      broken.fail(failure);
      expect(await Promise.allSettled(waiting)).toEqual([
        { status: 'rejected', reason: failure },
        { status: 'rejected', reason: failure },
      ]);
      expect(await cache.getOrLoad('key', async () => 5)).toBe(5);
    });

    it('asks each time for what does not exist', async () => {
      let asked = 0;
      const load = async (): Promise<undefined> => void asked++;
      expect(await cache.getOrLoad('key', load)).toBeUndefined();
      expect(await cache.getOrLoad('key', load)).toBeUndefined();
      expect(asked).toBe(2);
    });

    it('remembers for the negative TTL that there is nothing', async () => {
      let asked = 0;
      const load = async (): Promise<undefined> => void asked++;
      const options = { negativeTtl: '5s' } as const;
      await cache.getOrLoad('key', load, options);
      expect(await cache.getOrLoad('key', load, options)).toBeUndefined();
      expect(await cache.get('key')).toBeUndefined();
      expect(asked).toBe(1);
      expect(events.at(-1)).toMatchObject({ result: 'negative-hit' });
      clock.advance(5_000);
      await cache.getOrLoad('key', load, options);
      expect(asked).toBe(2);
    });

    it('does not let a load overwrite what was set or deleted since it began', async () => {
      const slow = held<string>();
      const loading = cache.getOrLoad('key', slow.load);
      await slow.began;
      await cache.set('key', 'newer');
      slow.end('older');
      expect(await loading).toBe('older');
      expect(await cache.get('key')).toBe('newer');

      await cache.delete('key');
      const other = held<string>();
      const loadingAgain = cache.getOrLoad('key', other.load);
      await other.began;
      await cache.delete('key');
      other.end('gone by now');
      await loadingAgain;
      expect(await cache.get('key')).toBeUndefined();
    });

    it('lets one reader load anew shortly before expiry, while all still get the old value', async () => {
      const slow = async (): Promise<string> => {
        clock.advance(1_000);
        return 'old';
      };
      await cache.getOrLoad('key', slow);
      clock.advance(59_000);
      random.value = 0.9;
      const renewed = held<string>();
      expect(await cache.getOrLoad('key', renewed.load)).toBe('old');
      expect(await cache.getOrLoad('key', renewed.load)).toBe('old');
      random.value = 0;
      const isLoaded = new Promise<void>((resolve) => {
        const stop = cacheChannels.load.subscribe(() => {
          stop();
          resolve();
        });
      });
      renewed.end('new');
      await isLoaded;
      expect(events.at(-1)).toMatchObject({ outcome: 'loaded', isEarly: true });
      clock.advance(2_000);
      expect(await eventuallyRead(cache, 'key', 'new')).toBe('new');
    });

    it('keeps the old value when loading anew fails', async () => {
      const slow = async (): Promise<string> => {
        clock.advance(1_000);
        return 'old';
      };
      await cache.getOrLoad('key', slow);
      clock.advance(59_000);
      random.value = 0.9;
      const failing = async (): Promise<string> => Promise.reject(new Error('the source is down'));
      expect(await cache.getOrLoad('key', failing)).toBe('old');
      expect(await cache.getOrLoad('key', failing)).toBe('old');
    });
  });
}

/** Reads until the value is there, which a store across a network may take a moment for. */
async function eventuallyRead(cache: Cache, key: string, wanted: unknown): Promise<unknown> {
  for (let tries = 0; tries < 1_000; tries++) {
    const value = await cache.get(key);
    if (value === wanted) return value;
    await new Promise(setImmediate);
  }
  return cache.get(key);
}
