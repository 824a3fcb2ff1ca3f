import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@millrace/kernel';
import { CommitLedger } from './commit-ledger.js';

function ledger(): { clock: ManualClock; ledger: CommitLedger; send: (records: number) => void } {
  const clock = new ManualClock();
  let sent = 0;
  return { clock, ledger: new CommitLedger(clock, 100, () => sent), send: (records) => (sent += records) };
}

describe('CommitLedger', () => {
  it('calls for a commit once the interval is over, if there is something to commit', () => {
    const { clock, ledger: commits } = ledger();
    clock.advance(500);
    expect(commits.isDue).toBe(false);
    commits.add(1);
    expect(commits.isDue).toBe(true);

    commits.clear();
    commits.add(1);
    clock.advance(99);
    expect([commits.isDue, commits.dueInMs]).toEqual([false, 1]);
    clock.advance(1);

    expect([commits.isDue, commits.dueInMs]).toEqual([true, 0]);
  });

  it('calls for a commit early when much was written', () => {
    const { ledger: commits, send } = ledger();
    send(199_999);
    expect(commits.isDue).toBe(false);

    send(1);

    expect([commits.isDue, commits.recordsOut]).toEqual([true, 200_000]);
  });

  it('has something to commit after output without input, and after an advance of stream time', () => {
    const { ledger: commits, send } = ledger();
    expect([commits.isDirty, commits.dueInMs]).toEqual([false, Infinity]);
    send(1);
    expect(commits.isDirty).toBe(true);
    commits.clear();
    expect(commits.isDirty).toBe(false);

    commits.advancedTime();

    expect(commits.isDirty).toBe(true);
  });
});
