import { describe, expect, it } from '@jest/globals';
import type { AppHealth, PartitionLag, ThreadHealth } from '@millrace/runtime';
import { livenessOf, readinessOf } from './health-report.js';

const RUNNING_THREAD: ThreadHealth = {
  thread: 't-1',
  state: 'RUNNING',
  tasks: [{ taskId: 'flights/0_0', state: 'RUNNING' }],
  standbys: [],
};

function health(overrides: Partial<AppHealth> = {}): AppHealth {
  return { applicationId: 'enrichment', state: 'RUNNING', threads: [RUNNING_THREAD], ...overrides };
}

function lag(lagRecords: number): PartitionLag {
  return { topic: 'flights', partition: 0, position: 0, endOffset: lagRecords, lagRecords };
}

describe('livenessOf', () => {
  it('is up while threads run, restore or shut down', () => {
    expect(livenessOf(health()).isHealthy).toBe(true);
    expect(livenessOf(health({ threads: [{ ...RUNNING_THREAD, state: 'RESTORING' }] })).isHealthy).toBe(true);
    expect(livenessOf(health({ state: 'STOPPED', threads: [{ ...RUNNING_THREAD, state: 'DEAD' }] })).isHealthy).toBe(
      true,
    );
  });

  it('is down when a thread died, and says which and why', () => {
    const report = livenessOf(
      health({ threads: [{ ...RUNNING_THREAD, state: 'DEAD', lastFailure: 'MR_TASK_FAILED: x' }] }),
    );

    expect(report.isHealthy).toBe(false);
    expect(report.details).toMatchObject({ deadThreads: ['t-1'], failures: ['t-1: MR_TASK_FAILED: x'] });
  });

  it('is down when the application is in error', () => {
    expect(livenessOf(health({ state: 'ERROR', threads: [] })).isHealthy).toBe(false);
  });
});

describe('readinessOf', () => {
  it('is up when all tasks run and the lag is within bounds', () => {
    const report = readinessOf(health(), [lag(10), lag(0)], 10);

    expect(report.isHealthy).toBe(true);
    expect(report.details).toMatchObject({ tasks: 1, lagRecords: 10 });
  });

  it('is down while a task restores', () => {
    const restoring = {
      ...RUNNING_THREAD,
      state: 'RESTORING' as const,
      tasks: [{ taskId: 'flights/0_0', state: 'RESTORING' as const }],
    };

    const report = readinessOf(health({ threads: [restoring] }), [], 10);

    expect(report.isHealthy).toBe(false);
    expect(report.details).toMatchObject({ notRunning: ['flights/0_0: RESTORING'], threads: ['t-1: RESTORING'] });
  });

  it('is down when a partition is too far behind, and names it', () => {
    const report = readinessOf(health(), [lag(11)], 10);

    expect(report.isHealthy).toBe(false);
    expect(report.details).toMatchObject({ behind: ['flights-0: 11 records behind'] });
  });
});
