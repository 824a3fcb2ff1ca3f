import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@millrace/testing';
import { TaskHarness } from '../../test/task-harness.js';
import { HeldCalls } from '../../test/held-calls.js';
import { TopologyBuilder, json, topic, utf8 } from '../index.js';

const input = topic('input', utf8, json<string>());
const out = topic('out', utf8, json<string>());

function calling(outside: HeldCalls): TaskHarness {
  const builder = new TopologyBuilder('calling');
  builder.stream('in', input).asyncMap('ask', outside.call, { order: 'unordered' }).to('sink', out);
  const harness = new TaskHarness(builder);
  harness.caughtUp('input');
  harness.add('input', { at: 1, value: 'a' }, { at: 2, value: 'b' });
  return harness;
}

function bound(harness: TaskHarness): { task: TaskHarness['task']; values: () => unknown[] } {
  return { task: harness.task, values: () => harness.values('out') };
}

describe('a task that calls to the outside', () => {
  it('goes on while calls are under way, and forwards results only when it is asked to', async () => {
    const outside = new HeldCalls();
    const { task, values } = bound(calling(outside));
    expect(task.process(10, 0)).toBe(2);
    outside.answer('a');
    await eventually('the result is there', () => task.hasResults);
    expect([await task.flush(), values()]).toEqual([false, []]);

    await task.forwardResults();

    expect([task.isCalling, values()]).toEqual([true, ['A']]);
  });

  it('takes no record from the moment a commit is prepared, and has none under way when it is', async () => {
    const outside = new HeldCalls();
    const { task, values } = bound(calling(outside));
    await task.process(1, 0);
    const prepared = task.prepareCommit();
    expect([task.process(1, 0), task.headTimestampMs(0)]).toEqual([0, undefined]);
    outside.answer('a');
    await prepared;
    expect([task.isCalling, values()]).toEqual([false, ['A']]);
    expect(task.consumedOffsets()).toMatchObject([{ offset: 1 }]);

    task.committed();

    expect(task.process(1, 0)).toBe(1);
  });

  it('forwards nothing once it is closed, waits for nothing, and tells the calls to stop', async () => {
    const outside = new HeldCalls();
    const { task, values } = bound(calling(outside));
    await task.process(10, 0);
    const [first, second] = [...outside.waiting];
    const prepared = task.prepareCommit();
    task.close();
    await prepared;
    first?.answer('late');
    second?.fail(new Error('late'));
    await eventLoopTurn();
    await task.forwardResults();

    expect(first?.signal.aborted).toBe(true);
    expect([task.hasResults, task.isCalling, values()]).toEqual([false, false, []]);
  });
});
