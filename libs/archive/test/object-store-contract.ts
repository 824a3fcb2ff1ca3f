import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ObjectStore } from '@millrace/archive';

/** A store that the contract runs on. */
export interface ContractStore {
  start(): Promise<ObjectStore>;
  stop(): Promise<void>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (found: Uint8Array | undefined): string | undefined =>
  found === undefined ? undefined : Buffer.from(found).toString();

/** What every {@link ObjectStore} must do; the same for a folder and for S3. */
export function objectStoreContract(storeName: string, contract: ContractStore): void {
  describe(`the object store in ${storeName}`, () => {
    let store: ObjectStore;

    beforeAll(async () => {
      store = await contract.start();
    }, 60_000);
    afterAll(() => contract.stop());

    it('gives back what was put', async () => {
      await expect(store.put('given/a.txt', bytes('hello'))).resolves.toBe('created');

      expect(text(await store.get('given/a.txt'))).toBe('hello');
      expect(await store.head('given/a.txt')).toEqual({ key: 'given/a.txt', bytes: 5 });
    });

    it('has nothing under a key that nobody put', async () => {
      expect(await store.get('nothing/here')).toBeUndefined();
      expect(await store.head('nothing/here')).toBeUndefined();
      expect(await store.list('nothing/')).toEqual([]);
    });

    it('takes an empty object, and one of megabytes', async () => {
      const large = Buffer.alloc(5_000_000, 'x');

      await store.put('sizes/empty', bytes(''));
      await store.put('sizes/large', large);

      expect(text(await store.get('sizes/empty'))).toBe('');
      expect(Buffer.from((await store.get('sizes/large')) as Uint8Array).equals(large)).toBe(true);
    });

    it('replaces an object without a condition', async () => {
      await store.put('replaced', bytes('old'));

      await expect(store.put('replaced', bytes('new'))).resolves.toBe('created');

      expect(text(await store.get('replaced'))).toBe('new');
    });

    it('leaves an object alone when it must not exist', async () => {
      await expect(store.put('once', bytes('first'), { ifNoneMatch: '*' })).resolves.toBe('created');

      await expect(store.put('once', bytes('second'), { ifNoneMatch: '*' })).resolves.toBe('exists');

      expect(text(await store.get('once'))).toBe('first');
    });

    it('lets exactly one of many win', async () => {
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, nth) =>
          store.put('race', bytes(`${nth}`), { ifNoneMatch: '*' }).catch((error: Error & { disposition?: string }) => {
            // S3 may ask the loser to try again, which is a "no" as well.
            expect(error.disposition).toBe('retry');
            return 'exists';
          }),
        ),
      );

      expect(results.filter((result) => result === 'created')).toHaveLength(1);
      expect(text(await store.get('race'))).toBe(`${results.indexOf('created')}`);
    });

    it('lists by prefix in the order of the keys, whether or not the prefix is a folder', async () => {
      for (const key of ['list/b/2', 'list/a', 'list/b/10', 'list/b2', 'listed']) await store.put(key, bytes(key));

      expect((await store.list('list/')).map(({ key }) => key)).toEqual(['list/a', 'list/b/10', 'list/b/2', 'list/b2']);
      expect((await store.list('list/b')).map(({ key }) => key)).toEqual(['list/b/10', 'list/b/2', 'list/b2']);
      expect(await store.list('list/b/1')).toEqual([{ key: 'list/b/10', bytes: 9 }]);
    });

    it('removes an object, and does not mind when there is none', async () => {
      await store.put('removed', bytes('x'));

      await store.delete('removed');
      await store.delete('removed');

      expect(await store.get('removed')).toBeUndefined();
      await expect(store.put('removed', bytes('y'), { ifNoneMatch: '*' })).resolves.toBe('created');
    });

    it.each(['../out', 'a//b', '/a', 'a/', 'a/./b', 'a\\b', 'a\0b', ''])('refuses the key %j', async (key) => {
      await expect(store.put(key, bytes('x'))).rejects.toMatchObject({ code: 'MR_CONFIG_INVALID' });
      await expect(store.get(key)).rejects.toMatchObject({ code: 'MR_CONFIG_INVALID' });
    });
  });
}
