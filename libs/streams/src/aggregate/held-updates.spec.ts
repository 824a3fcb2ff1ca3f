import { beforeEach, describe, expect, it } from '@jest/globals';
import { RecordContext } from '../processor/record-context.js';
import { UndoLog } from '../store/undo-log.js';
import { HeldUpdates } from './held-updates.js';

describe('HeldUpdates', () => {
  let context: RecordContext;
  let held: HeldUpdates;
  beforeEach(() => {
    context = new RecordContext();
    held = new HeldUpdates(context);
  });

  function released(): unknown[] {
    const seen: unknown[] = [];
    void held.release(({ key, value, old, timestampMs }) => void seen.push([key, value, old, timestampMs]));
    return seen;
  }

  it('gives the last update of each key and window with what was emitted before, in the order of the first', () => {
    held.hold(0, 'a', 'a@0', 1, null, 10);
    held.hold(60_000, 'a', 'a@1', 5, 4, 20);
    held.hold(0, 'b', 'b@0', 7, null, 30);
    held.hold(0, 'a', 'a@0', 2, 1, 40);
    expect(released()).toEqual([
      ['a@0', 2, null, 40],
      ['a@1', 5, 4, 20],
      ['b@0', 7, null, 30],
    ]);
    expect(released()).toEqual([]);
  });

  it('passes over the deletion of what nobody has seen', () => {
    held.hold(0, 'a', 'a', 1, null, 10);
    held.hold(0, 'a', 'a', null, 1, 20);
    held.hold(0, 'b', 'b', null, 3, 20);
    expect(released()).toEqual([['b', null, 3, 20]]);
  });

  it('takes back what a record has done, and nothing else', () => {
    context.undo = new UndoLog();
    held.hold(0, 'a', 'a', 1, null, 10);
    context.undo.clear();
    held.hold(0, 'a', 'a', 2, 1, 20);
    held.hold(0, 'a', 'a', 3, 2, 30);
    held.hold(0, 'b', 'b', 1, null, 30);
    context.undo.undoAll();
    held.hold(0, 'b', 'b', 9, null, 50);
    expect(released()).toEqual([
      ['a', 1, null, 10],
      ['b', 9, null, 50],
    ]);
  });
});
