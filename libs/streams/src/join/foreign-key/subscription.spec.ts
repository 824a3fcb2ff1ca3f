import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChangelogLog } from '../../../test/changelog-log.js';
import { HeapSubscriptionStore } from './heap-subscription-store.js';
import { answerSerde, subscriptionSerde, type Instruction } from './subscription.js';

const buffer = fc.uint8Array({ minLength: 1, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
const subscription = fc.record({
  instruction: fc.constantFrom<Instruction>(
    'unsubscribe',
    'unsubscribe-and-answer',
    'subscribe',
    'subscribe-and-answer',
  ),
  primaryKey: buffer,
  primaryPartition: fc.nat(1_000),
  digest: fc.option(buffer),
});

describe('what goes between the tables of a foreign-key join', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(subscription, (given) => {
        const written = subscriptionSerde.serialize(given);
        expect(subscriptionSerde.deserialize(written, 0, written.length)).toEqual(given);
      }),
    );
    fc.assert(
      fc.property(fc.record({ digest: fc.option(buffer), value: fc.option(buffer) }), (given) => {
        const written = answerSerde.serialize(given);
        expect(answerSerde.deserialize(written, 0, written.length)).toEqual(given);
      }),
    );
  });

  it('is refused as a dead letter when it is cut short or of another version, and never crashes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        for (const serde of [subscriptionSerde, answerSerde]) {
          try {
            serde.deserialize(Buffer.from(bytes), 0, bytes.length);
          } catch (error) {
            expect(error).toMatchObject({ code: 'MR_RECORD_UNREADABLE', disposition: 'dead-letter' });
          }
        }
      }),
    );
  });
});

describe('SubscriptionStore', () => {
  it('remembers who refers to a row, through commits, rollbacks and restarts', () => {
    const log = new ChangelogLog();
    const store = new HeapSubscriptionStore('subscriptions', log);
    const of = (one: HeapSubscriptionStore): string[] =>
      [...one.of(Buffer.from('r1'))].map((each) => each.subscription.primaryKey.toString()).sort();
    const subscribe = (primaryKey: string): void => {
      const given = { instruction: 'subscribe', primaryPartition: 0, digest: null } as const;
      store.put(Buffer.from('r1'), { ...given, primaryKey: Buffer.from(primaryKey) }, 5);
    };
    subscribe('k1');
    subscribe('k2');
    store.commit();
    log.commit();
    subscribe('k3');
    store.delete(Buffer.from('r1'), Buffer.from('k1'), 6);
    expect(of(store)).toEqual(['k2', 'k3']);
    store.rollback();
    log.rollback();
    expect(of(store)).toEqual(['k1', 'k2']);
    store.delete(Buffer.from('r1'), Buffer.from('k1'), 6);
    store.commit();
    log.commit();
    const restored = new HeapSubscriptionStore('subscriptions');
    log.restoreInto(restored);

    expect(of(restored)).toEqual(['k2']);
    expect(restored.size()).toBe(1);
  });
});
