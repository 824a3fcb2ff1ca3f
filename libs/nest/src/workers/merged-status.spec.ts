import { describe, expect, it } from '@jest/globals';
import type { AppState } from '@millrace/runtime';
import { mergedHealth, mergedLag, namesIn } from './merged-status.js';
import type { WorkerStatus } from './worker-messages.js';

function status(index: number, state: AppState = 'RUNNING', name = 'totals'): WorkerStatus {
  return {
    name,
    topologies: ['totals'],
    lag: [{ topic: 'orders', partition: index, position: 1, endOffset: 3, lagRecords: 2 }],
    health: {
      applicationId: name,
      state,
      threads: [
        {
          thread: `pod-1-${index}`,
          state: 'RUNNING',
          standbys: [],
          tasks: [{ taskId: `totals/0_${index}`, state: 'RUNNING' }],
        },
      ],
    },
  };
}

describe('what runs in workers', () => {
  it('is one application with the threads and partitions of all of them', () => {
    const workers = [[status(0)], [status(1)]];

    expect(namesIn(workers)).toEqual(['totals']);
    expect(mergedHealth('totals', workers).threads.map(({ thread }) => thread)).toEqual(['pod-1-0', 'pod-1-1']);
    expect(mergedLag('totals', workers).map(({ partition }) => partition)).toEqual([0, 1]);
  });

  it.each([
    [['RUNNING', 'RUNNING'], 'RUNNING'],
    [['RUNNING', 'STARTING'], 'STARTING'],
    [['ERROR', 'STARTING'], 'ERROR'],
    [['STOPPED', 'PENDING_SHUTDOWN'], 'PENDING_SHUTDOWN'],
  ] as const)('is in the state of the worker that is worst off: %j is %s', (states, expected) => {
    const workers = states.map((state, index) => [status(index, state)]);

    expect(mergedHealth('totals', workers).state).toBe(expected);
  });

  it('keeps applications and sinks apart, and names what is paused in any worker once', () => {
    const paused = { ...status(0), health: { ...status(0).health, pausedTopologies: ['totals'] } };
    const workers = [[paused, status(0, 'ERROR', 'sink')], [paused]];

    expect(mergedHealth('totals', workers)).toMatchObject({ state: 'RUNNING', pausedTopologies: ['totals'] });
    expect(mergedHealth('sink', workers)).toMatchObject({ state: 'ERROR', threads: [{}] });
  });
});
