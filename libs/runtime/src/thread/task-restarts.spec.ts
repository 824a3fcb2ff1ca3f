import { describe, expect, it } from '@jest/globals';
import { ManualClock, SeededRandom, TaskError, TransientError } from '@millrace/kernel';
import { TaskRestarts } from './task-restarts.js';

const failure = new TaskError('MR_TASK_FAILED', 'no');

function restarts(maxRestarts = 3, windowMs = 60_000): { readonly clock: ManualClock; readonly tasks: TaskRestarts } {
  const clock = new ManualClock();
  return { clock, tasks: new TaskRestarts(clock, new SeededRandom(1), { maxRestarts, windowMs }) };
}

describe('TaskRestarts', () => {
  it('lets a task wait longer from failure to failure, up to a limit', () => {
    const { tasks } = restarts(20);
    const delaysMs = Array.from({ length: 10 }, () => tasks.failed('t/0_0', failure));

    expect(delaysMs[0]).toBeLessThanOrEqual(100);
    expect(delaysMs[3]).toBeGreaterThanOrEqual(400);
    expect(Math.max(...delaysMs)).toBeLessThanOrEqual(5_000);
    expect(delaysMs[9]).toBeGreaterThanOrEqual(2_500);
  });

  it('counts the failures of each task by themselves', () => {
    const { tasks } = restarts(1);
    tasks.failed('t/0_0', failure);

    expect(tasks.failed('t/0_1', failure)).toBeLessThanOrEqual(100);
    expect(tasks.waiting).toEqual(['t/0_0', 't/0_1']);
  });

  it('opens a task when its delay has passed, and not before', () => {
    const { clock, tasks } = restarts();
    const delayMs = tasks.failed('t/0_0', failure);
    clock.advance(delayMs - 1);
    expect([tasks.mustWait('t/0_0'), tasks.isAnyDue]).toEqual([true, false]);

    clock.advance(1);
    expect([tasks.mustWait('t/0_0'), tasks.isAnyDue]).toEqual([false, true]);

    tasks.opened('t/0_0');
    expect([tasks.waiting, tasks.isAnyDue]).toEqual([[], false]);
  });

  it('ends the application when a task fails once more than it may within the window', () => {
    const { tasks } = restarts(2);
    tasks.failed('t/0_0', failure);
    tasks.failed('t/0_0', failure);

    expect(() => tasks.failed('t/0_0', failure)).toThrow(
      expect.objectContaining({ code: 'MR_TASK_FAILED', disposition: 'stop-app', place: { taskId: 't/0_0' } }),
    );
  });

  it('forgets failures that lie further back than the window, with short delays again', () => {
    const { clock, tasks } = restarts(2, 1_000);
    tasks.failed('t/0_0', failure);
    tasks.failed('t/0_0', failure);
    clock.advance(1_001);

    expect(tasks.failed('t/0_0', failure)).toBeLessThanOrEqual(100);
  });

  it('never ends the application for failures that may mend themselves, and waits as long as the other side asks', () => {
    const { tasks } = restarts(2);
    const transient = new TransientError('MR_DEPENDENCY_TIMEOUT', 'later');
    for (let times = 0; times < 10; times++) tasks.failed('t/0_0', transient);

    expect(tasks.failed('t/0_0', transient, 9_000)).toBe(9_000);
  });

  it('tells the last failure until the task has committed, and forgets a task that others own', () => {
    const { tasks } = restarts(1);
    tasks.failed('t/0_0', failure);
    expect(tasks.lastFailure('t/0_0')).toBe('MR_TASK_FAILED: no');

    tasks.committed('t/0_0');
    expect(tasks.lastFailure('t/0_0')).toBeUndefined();

    expect(tasks.keep(new Set(['t/0_1']))).toEqual(['t/0_0']);
    expect(tasks.failed('t/0_0', failure)).toBeLessThanOrEqual(100);
  });
});
