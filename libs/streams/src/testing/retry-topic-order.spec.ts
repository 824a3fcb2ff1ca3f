import { describe, expect, it } from '@jest/globals';
import { SeededRandom, TransientError } from '@millrace/kernel';
import { TopologyBuilder, json, keyValueStore, topic, utf8 } from '../index.js';
import { TopologyTestDriver } from './index.js';

const numbers = topic('numbers', utf8, json<number>());
const out = topic('out', utf8, json<number>());
const history = keyValueStore('history', { key: utf8, value: json<number[]>() });

describe('per-key order under random failures, times and restarts', () => {
  for (let seed = 1; seed <= 40; seed++) {
    it(`lets none overtake, and loses and doubles none (seed ${seed})`, async () => {
      const random = new SeededRandom(seed);
      const failing = { share: 0.5 };
      const builder = new TopologyBuilder('random');
      builder
        .stream('numbers', numbers)
        .process('handle', {
          stores: [history],
          create: () => ({
            process: (record, context) => {
              const store = context.store(history);
              store.put(record.key, [...(store.get(record.key) ?? []), record.value]);
              const forwarded = context.forward(record.key, record.value);
              if (random.next() < failing.share) throw new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'away');
              return forwarded;
            },
          }),
        })
        .to('out', out);
      const driver = new TopologyTestDriver(builder.build(), {
        partitions: 3,
        order: seed % 2 === 0 ? 'merged' : 'synchronous',
        replayEveryRecord: seed % 3 === 0,
        policy: {
          retry: { attempts: 1, initial: 100, jitter: 0 },
          retryTopic: { delays: ['2s', '5s', '1s'], order: 'per-key' },
        },
      });
      const sent = new Map<string, number[]>();
      for (let nth = 0; nth < 60; nth++) {
        const key = `k${Math.floor(random.next() * 5)}`;
        sent.set(key, [...(sent.get(key) ?? []), nth]);
        await driver.input(numbers).pipe(key, nth);
        if (random.next() < 0.5) await driver.advanceWallClock(Math.floor(random.next() * 3_000));
        if (random.next() < 0.1) driver.restart();
      }
      failing.share = 0;
      await driver.advanceWallClock(60_000);

      const letters = driver.deadLetters(numbers);
      // One that has waited behind others has as many attempts as they: four, each with one more in place.
      for (const { attempts } of letters) expect(attempts).toBe(8);
      const dead = new Set(letters.map(({ value }) => Number(value)));
      const alive = (values: readonly number[]): number[] => values.filter((value) => !dead.has(value));
      const output = driver.output(out).readRecords();
      for (const [key, values] of sent) {
        const emitted = output.filter((record) => record.key === key).map(({ value }) => value);
        expect(emitted).toEqual(alive(values));
        expect(driver.store<string, number[]>('history').get(key) ?? []).toEqual(alive(values));
      }
      expect(driver.waitingRecords('numbers')).toEqual([]);
      expect(driver.store('numbers-waiting-keys').size()).toBe(0);
    });
  }
});
