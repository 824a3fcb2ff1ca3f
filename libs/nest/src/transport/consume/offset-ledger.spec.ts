import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OffsetLedger } from './offset-ledger.js';

describe('OffsetLedger', () => {
  it('lets nothing be committed beyond the first record that is not settled', () => {
    const ledger = new OffsetLedger(10);
    for (const offset of [10, 11, 14]) ledger.begin(offset);

    expect(ledger.settle(11)).toBe(true);
    expect(ledger.committable).toBe(10);
    ledger.settle(10);
    expect(ledger.committable).toBe(14);
    ledger.settle(14);
    expect(ledger.committable).toBe(15);
    expect(ledger.settle(14)).toBe(false);
  });

  it('passes over gaps of the log once nothing before them is open', () => {
    const ledger = new OffsetLedger(0);
    ledger.begin(0);
    ledger.passed(7);

    expect(ledger.committable).toBe(0);
    ledger.settle(0);
    expect(ledger.committable).toBe(7);
  });

  it('never passes an open record, whatever the order of settling', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(50), { minLength: 1 }), fc.infiniteStream(fc.nat()), (some, picks) => {
        const offsets = some.toSorted((left, right) => left - right);
        const ledger = new OffsetLedger(0);
        for (const offset of offsets) ledger.begin(offset);
        const open = [...offsets];
        while (open.length > 0) {
          expect(ledger.committable).toBe(open[0]);
          const [settled] = open.splice((picks.next().value as number) % open.length, 1);
          ledger.settle(settled as number);
        }
        expect(ledger.committable).toBe((offsets.at(-1) as number) + 1);
      }),
    );
  });
});
