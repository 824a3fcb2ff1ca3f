import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { clientChannels } from '@millrace/client';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { ApiKeys, FaultDialer } from '../../test/fault-dialer.js';
import { HoldingDialer } from '../../test/holding-dialer.js';
import {
  runtimeChannels,
  type RebalanceEvent,
  type RestoreEvent,
  type TaskStateEvent,
} from '../diagnostics/channels.js';
import type { StreamsApp } from './streams-app.js';

let cluster: EmbeddedCluster;
let unsubscribe: (() => void)[];
let rebalances: RebalanceEvent[];
let taskStates: TaskStateEvent[];
/** Where a request says what it is. */
const API_KEY_AT = 4;
/** Records that a process works on while a rebalance lasts. */
const WORK = 300;
const apps = new Apps(() => cluster);

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 4, counts: 2 });
  rebalances = [];
  taskStates = [];
  unsubscribe = [
    runtimeChannels.rebalanced.subscribe((event) => rebalances.push(event)),
    runtimeChannels.taskState.subscribe((event) => taskStates.push(event)),
  ];
});

afterEach(async () => {
  for (const end of unsubscribe) end();
  await apps.stop();
  await cluster.stop();
});

function running(app: StreamsApp): string[] {
  const tasks = app.health().threads.flatMap((thread) => thread.tasks);
  return tasks.flatMap(({ taskId, state }) => (state === 'RUNNING' ? [taskId] : []));
}

async function run(...counts: readonly (readonly [StreamsApp, number])[]): Promise<void> {
  await eventually('the tasks run', () => counts.every(([app, count]) => running(app).length === count), {
    timeoutMs: 15_000,
  });
}

describe('a rebalance', () => {
  it('takes from a process only the tasks that move, and lets it work on with the others meanwhile', async () => {
    const given = numbered(20_000);
    let processedMeanwhile = 0;
    let isRebalancing = false;
    const quick = await apps.start(counting(), { instanceId: 'quick' });
    // A rebalance lasts until the slow one hears of it, with the answer to a heartbeat that is held back.
    let isHeld = false;
    const holding = new HoldingDialer(
      cluster.broker.dialer(),
      (request) => isHeld && request.readInt16BE(API_KEY_AT) === ApiKeys.Heartbeat,
    );
    const slow = await apps.start(counting(), { instanceId: 'slow', dialer: holding });
    await run([quick, 2], [slow, 2]);
    const before = new Set([...running(quick), ...running(slow)]);
    const owned = new Map([
      ['quick-0', running(quick)],
      ['slow-0', running(slow)],
    ]);
    rebalances.length = 0;
    taskStates.length = 0;
    unsubscribe.push(
      clientChannels.group.subscribe(({ memberId, event }) => {
        if (memberId.startsWith('quick')) isRebalancing = event === 'rebalancing';
      }),
      runtimeChannels.processed.subscribe(({ thread, records }) => {
        if (isRebalancing && thread === 'quick-0') processedMeanwhile += records;
      }),
    );
    isHeld = true;
    await eventually('the slow one is held back', () => holding.held > 0);
    const starting = apps.start(counting(), { instanceId: 'third' });
    let produced = 0;
    for (; produced < given.length && running(apps.started[2] as StreamsApp).length === 0; produced += 20) {
      if (processedMeanwhile >= WORK) holding.letGo();
      await cluster.produce('events', given.slice(produced, produced + 20));
      await eventually(
        'something is processed',
        () => quick.metrics.recordsProcessed + slow.metrics.recordsProcessed > produced / 2,
      );
    }
    const third = await starting;
    await run([third, 1]);
    await Promise.all([quick, slow, third].map((app) => app.drained()));

    const moved = running(third);
    expect(moved.every((task) => before.has(task))).toBe(true);
    for (const [thread, tasks] of owned) {
      const closed = taskStates.filter((event) => event.thread === thread).map(({ taskId }) => taskId);
      expect(closed).toEqual(tasks.filter((task) => moved.includes(task)));
    }
    const revoked = rebalances.filter(({ kind }) => kind === 'revoked').flatMap(({ partitions }) => partitions);
    expect(revoked.map(({ partition }) => `counting/0_${partition}`)).toEqual(moved);
    expect(processedMeanwhile).toBeGreaterThanOrEqual(WORK);
    await expectCountedOnce(cluster, given.slice(0, produced));
  }, 40_000);
});

describe('a process with an instance id', () => {
  it('gets its tasks back after a restart within its session, and the others hear nothing of it', async () => {
    const given = numbered(1_000);
    const other = await apps.start(counting(), { instanceId: 'other', standbyReplicas: 1 });
    const dialer = new FaultDialer(cluster.broker.dialer());
    const killed = await apps.start(counting(), { instanceId: 'same', standbyReplicas: 1, dialer });
    await run([other, 2], [killed, 2]);
    await cluster.produce('events', given.slice(0, 500));
    await Promise.all([other.drained(), killed.drained()]);
    const tasks = running(killed).toSorted();
    rebalances.length = 0;
    dialer.kill();

    const restarted = await apps.start(counting(), { instanceId: 'same', standbyReplicas: 1 });
    await run([restarted, 2], [other, 2]);
    await cluster.produce('events', given.slice(500));
    await Promise.all([other.drained(), restarted.drained()]);

    expect(running(restarted).toSorted()).toEqual(tasks);
    expect(rebalances.filter(({ thread }) => thread === 'other-0')).toEqual([]);
    expect(restarted.health().threads[0]?.standbys).toHaveLength(2);
    await expectCountedOnce(cluster, given);
  }, 20_000);
});

describe('a restore', () => {
  const heartbeatMs = 20;
  const sessionMs = 6_000;
  const given = numbered(1_400);
  let restored: RestoreEvent[];

  /** An application with state behind it that is not answered when it reads the changelog of partition 0. */
  async function heldBack(): Promise<{ app: StreamsApp; holding: HoldingDialer; heartbeats: () => number }> {
    const first = await apps.start(counting());
    await cluster.produce('events', given.slice(0, 700));
    await first.drained();
    await first.stop();
    restored = [];
    unsubscribe.push(runtimeChannels.restored.subscribe((event) => restored.push(event)));
    const [changelog] = await cluster.client.metadata(['app-event-counts-changelog']);
    // As a Fetch request has it: the topic, one partition, and its number.
    const ofPartition0 = Buffer.concat([Buffer.from(changelog?.topicId ?? '', 'hex'), Buffer.of(2, 0, 0, 0, 0)]);
    const holding = new HoldingDialer(cluster.broker.dialer(), (request) => request.includes(ofPartition0));
    const dialer = new FaultDialer(holding);
    let heartbeats = 0;
    dialer.onRequest = (apiKey) => {
      if (apiKey === ApiKeys.Heartbeat) heartbeats++;
      return 'pass';
    };
    const app = await apps.start(counting(), { dialer, heartbeatInterval: heartbeatMs, sessionTimeout: sessionMs });
    await run([app, 3]);
    await eventually('the last restore is held back', () => holding.held > 0);
    return { app, holding, heartbeats: () => heartbeats };
  }

  it('may last longer than the session: the member stays, and its other tasks work', async () => {
    const { app, holding, heartbeats } = await heldBack();
    const logged = (await cluster.read('app-event-counts-changelog')).filter(({ partition }) => partition === 0);
    rebalances.length = 0;
    await cluster.produce('events', given.slice(700));
    await eventually('a session has passed', () => heartbeats() * heartbeatMs > sessionMs, { timeoutMs: 20_000 });

    expect(app.localStores('event-counts').filter(({ role }) => role === 'restoring')).toEqual([
      expect.objectContaining({ taskId: 'counting/0_0', lagRecords: restored[0]?.totalRecords }),
    ]);
    expect((await cluster.read('counts')).length).toBeGreaterThan(700);
    expect(rebalances).toEqual([]);
    holding.letGo();
    await app.drained();
    await expectCountedOnce(cluster, given);
    const [started, ended, ...others] = restored.filter(({ partition }) => partition === 0);
    expect(others).toEqual([]);
    expect(started).toMatchObject({ phase: 'started', restoredRecords: 0 });
    expect(ended).toMatchObject({ phase: 'ended', restoredRecords: logged.length });
    expect(ended?.totalRecords).toBeGreaterThanOrEqual(logged.length);
    expect(ended?.durationMs).toBeGreaterThan(sessionMs);
    expect(ended?.recordsPerSecond).toBeGreaterThan(0);
  }, 40_000);

  it('tells that it was given up when its process stops', async () => {
    const { app } = await heldBack();
    await app.stop();

    expect(restored.filter(({ partition }) => partition === 0).map(({ phase }) => phase)).toEqual([
      'started',
      'abandoned',
    ]);
  }, 20_000);
});
