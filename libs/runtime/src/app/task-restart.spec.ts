import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TaskError } from '@millrace/kernel';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { ApiKeys, FaultDialer } from '../../test/fault-dialer.js';
import { runtimeChannels, type FailureEvent, type RebalanceEvent, type RestoreEvent } from '../diagnostics/channels.js';
import type { StreamsApp } from './streams-app.js';

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);
let failures: FailureEvent[];
let restored: RestoreEvent[];
let rebalanced: RebalanceEvent[];
let unsubscribe: readonly (() => void)[];

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 3, counts: 2 });
  failures = [];
  restored = [];
  rebalanced = [];
  unsubscribe = [
    runtimeChannels.failed.subscribe((event) => void failures.push(event)),
    runtimeChannels.restored.subscribe((event) => void restored.push(event)),
    runtimeChannels.rebalanced.subscribe((event) => void rebalanced.push(event)),
  ];
});

afterEach(async () => {
  for (const each of unsubscribe) each();
  await apps.stop();
  await cluster.stop();
});

const POISON = 'v1500';
const POISON_KEY = `k${1_500 % 7}`;

/** Fails for one record as long as `isBroken` says so. */
function failing(isBroken: () => boolean): ReturnType<typeof counting> {
  return counting((value) => {
    if (value === POISON && isBroken()) throw new TaskError('MR_TASK_FAILED', 'the handler is broken');
  });
}

/** The partition of events that holds the record that fails. */
async function poisonedPartition(): Promise<number> {
  const records = await cluster.read('events');
  return (records.find(({ value }) => value === POISON) ?? { partition: -1 }).partition;
}

function taskStates(app: StreamsApp): Map<string, string> {
  return new Map(app.health().threads.flatMap(({ tasks }) => tasks.map(({ taskId, state }) => [taskId, state])));
}

describe('a task that fails', () => {
  it('is restored alone, in its group, while the others go back to the last commit in place; nothing is lost or doubled', async () => {
    const given = numbered(3_000);
    let isBroken = true;
    await cluster.produce('events', given.slice(0, 1_000));
    const app = await apps.start(
      failing(() => isBroken),
      { commitInterval: 50 },
    );
    await app.drained();
    restored = [];
    rebalanced = [];
    await cluster.produce('events', given.slice(1_000));
    await eventually('it has failed twice', () => failures.length >= 2);
    isBroken = false;

    await app.drained();

    await expectCountedOnce(cluster, given);
    const partition = await poisonedPartition();
    expect(new Set(failures.map(({ action, taskId }) => `${action} ${taskId}`))).toEqual(
      new Set([`restart-task counting/0_${partition}`]),
    );
    expect(new Set(restored.map((each) => each.partition))).toEqual(new Set([partition]));
    expect(rebalanced).toEqual([]);
  });

  it('waits as RESTARTING with its last failure, while the others process and commit', async () => {
    let isBroken = true;
    const app = await apps.start(
      failing(() => isBroken),
      { maxTaskRestarts: 1_000 },
    );
    await cluster.produce('events', [{ key: POISON_KEY, value: POISON }]);
    await eventually('it waits', () => [...taskStates(app).values()].includes('RESTARTING'));
    const partition = await poisonedPartition();
    const others = [0, 1, 2].filter((each) => each !== partition);
    await cluster.produce(
      'events',
      others.map((each) => ({ key: `other-${each}`, value: 'v', partition: each })),
    );

    await eventually('the others have committed', async () => (await cluster.read('counts')).length === 2);
    await eventually('it waits again', () => taskStates(app).get(`counting/0_${partition}`) === 'RESTARTING');
    const tasks = app.health().threads.flatMap(({ tasks: each }) => each);
    expect(tasks.find(({ state }) => state === 'RESTARTING')).toMatchObject({
      taskId: `counting/0_${partition}`,
      lastFailure: expect.stringMatching(/MR_TASK_FAILED: task 0_. failed at events-.@0: .*the handler is broken/),
    });
    isBroken = false;
    await app.drained();
    expect(app.health().threads[0]).toMatchObject({ state: 'RUNNING', tasks: [{}, {}, {}] });
    expect(
      app
        .health()
        .threads.flatMap(({ tasks: each }) => each)
        .every(({ lastFailure }) => lastFailure === undefined),
    ).toBe(true);
  });

  it('waits longer from failure to failure', async () => {
    const app = await apps.start(failing(() => failures.length < 5));
    await cluster.produce('events', [{ key: POISON_KEY, value: POISON }]);
    await app.drained();

    const delaysMs = failures.map(({ delayMs }) => delayMs);
    expect(delaysMs).toHaveLength(5);
    delaysMs.forEach((delayMs, nth) => expect(delayMs).toBeGreaterThanOrEqual(50 * 2 ** nth));
  });

  it('ends the application when it fails more often than maxTaskRestarts allows', async () => {
    const app = await apps.start(
      failing(() => true),
      { maxTaskRestarts: 2 },
    );
    await cluster.produce('events', [{ key: POISON_KEY, value: POISON }]);

    await expect(app.finished).rejects.toMatchObject({
      code: 'MR_TASK_FAILED',
      disposition: 'stop-app',
      message: expect.stringContaining('after 2 restarts within 600000 ms'),
    });
    expect(failures.map(({ action }) => action)).toEqual(['restart-task', 'restart-task', 'stop']);
    expect(app.state).toBe('ERROR');
  });

  it('moves with the group while it waits, and leaves nothing behind', async () => {
    const given = numbered(2_000);
    let isBroken = true;
    const first = await apps.start(
      failing(() => isBroken),
      { maxTaskRestarts: 1_000 },
    );
    await cluster.produce('events', given);
    await eventually('it waits', () => [...taskStates(first).values()].includes('RESTARTING'));
    const second = await apps.start(
      failing(() => isBroken),
      { maxTaskRestarts: 1_000 },
    );
    await eventually('the second one has tasks', () => taskStates(second).size > 0, { timeoutMs: 10_000 });
    isBroken = false;

    await Promise.all([first.drained(), second.drained()]);

    expect(taskStates(first).size + taskStates(second).size).toBe(3);
    await expectCountedOnce(cluster, given);
  });

  it('does not repeat the other tasks when the cause is a connection: then all are built again', async () => {
    const given = numbered(1_000);
    const dialer = new FaultDialer(cluster.broker.dialer());
    dialer.onRequest = (apiKey) => (apiKey === ApiKeys.EndTxn && dialer.faults === 0 ? 'cut-before' : 'pass');
    const app = await apps.start(counting(), { dialer });
    await cluster.produce('events', given);

    await app.drained();

    expect(failures.every(({ action }) => action !== 'restart-task')).toBe(true);
    expect(dialer.faults).toBe(1);
    await expectCountedOnce(cluster, given);
  });
});

describe('a task that cannot be started', () => {
  it('is started again after a delay, while those that run go on', async () => {
    const app = await apps.start(counting());
    await cluster.produce('events', numbered(100));
    await app.drained();
    const dialer = new FaultDialer(cluster.broker.dialer());
    const OFFSET_FETCH = 9;
    dialer.onRequest = (apiKey) => (apiKey === OFFSET_FETCH && dialer.faults < 1 ? 'cut-before' : 'pass');

    const second = await apps.start(counting(), { dialer });
    await eventually('the second one runs a task', () => [...taskStates(second).values()].includes('RUNNING'), {
      timeoutMs: 10_000,
    });
    await cluster.produce('events', numbered(100, 100));
    await Promise.all([app.drained(), second.drained()]);

    expect(dialer.faults).toBe(1);
    await expectCountedOnce(cluster, numbered(200));
  });
});
