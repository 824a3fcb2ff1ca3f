import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@millrace/kernel';
import { NOTHING, fold } from '../workload/folded.js';
import { InputLedger } from '../workload/input-ledger.js';
import { partTopics, rowOf } from '../workload/parts.js';
import { topics } from '../workload/topologies.js';
import { SimulatedDatabase } from '../world/simulated-database.js';
import { CachedCheck } from './cached-check.js';
import { PairCheck } from './pair-check.js';
import type { PartCheck } from './part-check.js';
import { RelatedCheck } from './related-check.js';
import { SinkCheck } from './sink-check.js';
import type { Invariant } from './violation.js';

/** Records in the order of their log. */
class Given {
  readonly ledger = new InputLedger();
  #offset = 0;

  record(topic: { readonly name: string }, key = 'k1', { timestampMs = 0, isAborted = false } = {}): number {
    const record = this.ledger.add({ topic: topic.name, partition: 0, key, timestampMs, isAborted });
    record.offset = this.#offset++;
    return record.id;
  }
}

function violated(invariant: Invariant): object {
  return expect.objectContaining({ invariant });
}

function takeAll(check: PartCheck, topic: { readonly name: string }, values: readonly unknown[]): void {
  for (const value of values) check.take(topic.name, 'k1', value);
}

describe('PairCheck', () => {
  const paired = () => {
    const given = new Given();
    const left = given.record(partTopics.left, 'k1', { timestampMs: 5_000 });
    const right = given.record(partTopics.right, 'k1', { timestampMs: 5_900 });
    const far = given.record(partTopics.right, 'k1', { timestampMs: 6_100 });
    const aborted = given.record(partTopics.right, 'k1', { timestampMs: 5_000, isAborted: true });
    const check = new PairCheck({ ledger: given.ledger, mayRepeat: false });
    return { given, check, left, right, far, aborted };
  };

  it('misses a pair that was not joined', () => {
    const { check, left, right } = paired();
    expect(check.missing()).toBe(1);
    takeAll(check, partTopics.paired, [{ left, right }]);
    expect(check.missing()).toBe(0);
  });

  it('notices a pair that was joined twice, but at least once counts it', () => {
    const { given, check, left, right } = paired();
    expect(() =>
      takeAll(check, partTopics.paired, [
        { left, right },
        { left, right },
      ]),
    ).toThrow(violated('effect-once'));

    const atLeastOnce = new PairCheck({ ledger: given.ledger, mayRepeat: true });
    takeAll(atLeastOnce, partTopics.paired, [
      { left, right },
      { left, right },
    ]);
    expect([atLeastOnce.count, atLeastOnce.repeats]).toEqual([1, 1]);
  });

  it('notices what was aborted, and what lies too far apart', () => {
    const { check, left, far, aborted } = paired();
    expect(() => takeAll(check, partTopics.paired, [{ left, right: aborted }])).toThrow(violated('no-aborted-data'));
    expect(() => takeAll(check, partTopics.paired, [{ left, right: far }])).toThrow(violated('no-aborted-data'));
  });
});

describe('CachedCheck', () => {
  const cached = () => {
    const given = new Given();
    const ids = [1, 2, 3].map(() => given.record(partTopics.cache));
    const states = ids.map((_, nth) => ids.slice(0, nth + 1).reduce(fold, NOTHING));
    return { states, check: new CachedCheck({ ledger: given.ledger, mayRepeat: false }) };
  };

  it('lets states be passed over, but misses the last', () => {
    const { states, check } = cached();
    takeAll(check, partTopics.cached, [states[1]]);
    expect(check.missing()).toBe(1);
    takeAll(check, partTopics.cached, [states[2]]);
    expect(check.missing()).toBe(0);
    check.verify();
  });

  it('notices a state that holds a record twice', () => {
    const { states, check } = cached();
    takeAll(check, partTopics.cached, [{ ...states[2], count: 4 }]);
    expect(() => check.verify()).toThrow(violated('state-is-fold'));
  });

  it('notices a state that goes back, held back by a suppression too', () => {
    const { states, check } = cached();
    takeAll(check, partTopics.held, [states[1], states[0]]);
    expect(() => check.verify()).toThrow(violated('order-per-key'));
  });
});

describe('RelatedCheck', () => {
  it('misses the answer of the last rows, and notices when another comes after it', () => {
    const given = new Given();
    const left = given.record(partTopics.related);
    const old = given.record(partTopics.row, rowOf(left));
    const row = given.record(partTopics.row, rowOf(left));
    const check = new RelatedCheck({ ledger: given.ledger, mayRepeat: false });

    takeAll(check, partTopics.relation, [
      { left, row: null },
      { left, row: old },
    ]);
    expect(check.missing()).toBe(1);
    expect(() => check.verify()).toThrow(violated('state-is-fold'));
    takeAll(check, partTopics.relation, [{ left, row }]);
    expect(check.missing()).toBe(0);
    check.verify();
  });

  it('notices a row of another key', () => {
    const given = new Given();
    const left = given.record(partTopics.related);
    const stranger = given.record(partTopics.row, 'k9');
    const check = new RelatedCheck({ ledger: given.ledger, mayRepeat: false });

    expect(() => takeAll(check, partTopics.relation, [{ left, row: stranger }])).toThrow(violated('no-aborted-data'));
  });
});

describe('SinkCheck', () => {
  const sunk = (offsets: readonly number[]) => {
    const database = new SimulatedDatabase(new SeededRandom(1), ({ records }) => records);
    const known = database.of({ topic: topics.mapped.name, partition: 0 });
    known.rows.push(...offsets.map((offset) => ({ offset, value: offset })));
    known.nextOffset = Math.max(...offsets) + 1;
    const check = new SinkCheck(database);
    for (let offset = 0; offset < 3; offset++) check.take(0, offset, offset);
    return check;
  };

  it('misses rows, and finds nothing wrong when all are there', () => {
    expect(sunk([0, 1]).missing()).toBe(1);
    const check = sunk([0, 1, 2]);
    expect(check.missing()).toBe(0);
    check.verify();
    check.committed(topics.mapped.name, 0, 3);
  });

  it.each([
    ['was left out', [0, 2]],
    ['is there twice', [0, 1, 1]],
    ['was never written', [0, 1, 2, 3]],
  ])('notices a row that %s', (_what, offsets) => {
    expect(() => sunk(offsets).verify()).toThrow(violated('sinks-agree'));
  });

  it('notices an offset that is committed ahead of the rows', () => {
    expect(() => sunk([0, 1]).committed(topics.mapped.name, 0, 3)).toThrow(violated('sinks-agree'));
  });
});
