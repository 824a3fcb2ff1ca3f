import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TopologyBuilder, topic, utf8, type Topology } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { runtimeChannels, type PauseEvent, type RebalanceEvent } from '../diagnostics/channels.js';
import { StreamsApp } from './streams-app.js';

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);
const others: StreamsApp[] = [];

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 4, counts: 2, orders: 1, copies: 1 });
});

afterEach(async () => {
  await Promise.all([apps.stop(), ...others.splice(0).map((app) => app.stop())]);
  await cluster.stop();
});

/** An application that the spec starts by itself. */
function unstarted(...topologies: readonly Topology[]): StreamsApp {
  const app = new StreamsApp({
    applicationId: 'app',
    topologies,
    cluster: cluster.options(),
    commitInterval: 10,
    heartbeatInterval: 20,
    shutdownTimeout: 200,
  });
  others.push(app);
  return app;
}

function copying(): Topology {
  const t = new TopologyBuilder('copying');
  t.stream('orders', topic('orders', utf8, utf8)).to('copies', topic('copies', utf8, utf8));
  return t.build();
}

function tasksOf(app: StreamsApp): readonly { readonly taskId: string; readonly state: string }[] {
  return app.health().threads.flatMap(({ tasks }) => tasks);
}

function areAll(app: StreamsApp, state: string, count: number): boolean {
  const tasks = tasksOf(app);
  return tasks.length === count && tasks.every((task) => task.state === state);
}

/** The application has fetched what was produced: it could process it if it liked. */
async function fetched(app: StreamsApp, records: number): Promise<void> {
  await eventually('the lag is known', () => app.lag().reduce((sum, each) => sum + each.lagRecords, 0) === records);
}

describe('pause', () => {
  it('commits what was processed, processes nothing new, and goes on after resume', async () => {
    const given = numbered(600);
    const app = await apps.start(counting(), { commitInterval: '1m', transactionTimeout: '5m' });
    await cluster.produce('events', given.slice(0, 300));
    await eventually('it is processed', () => app.metrics.recordsProcessed === 300);
    expect(await cluster.read('counts')).toHaveLength(0);

    await app.pause();

    expect(await cluster.read('counts')).toHaveLength(300);
    await cluster.produce('events', given.slice(300));
    await fetched(app, 300);
    expect(app.metrics.recordsProcessed).toBe(300);

    app.resume();
    await eventually('the rest is processed', () => app.metrics.recordsProcessed === 600);
    await app.stop();
    await expectCountedOnce(cluster, given);
  });

  it('shows in health and events, and leaves the group alone', async () => {
    const pauses: PauseEvent[] = [];
    const rebalances: RebalanceEvent[] = [];
    const app = await apps.start(counting());
    await eventually('all tasks run', () => areAll(app, 'RUNNING', 4));
    const unsubscribe = [
      runtimeChannels.paused.subscribe((event) => void pauses.push(event)),
      runtimeChannels.rebalanced.subscribe((event) => void rebalances.push(event)),
    ];

    await app.pause();
    await app.pause();
    await eventually('all tasks are paused', () => areAll(app, 'PAUSED', 4));
    expect(app.health()).toMatchObject({
      state: 'RUNNING',
      pausedTopologies: ['counting'],
      threads: [{ state: 'RUNNING' }],
    });
    app.resume();
    await eventually('all tasks run again', () => areAll(app, 'RUNNING', 4));
    for (const each of unsubscribe) each();

    expect(app.health().pausedTopologies).toBeUndefined();
    expect(pauses).toEqual([
      { applicationId: 'app', topologies: ['counting'], isPaused: true },
      { applicationId: 'app', topologies: ['counting'], isPaused: false },
    ]);
    expect(rebalances).toEqual([]);
  });

  it('holds back one topology by its name, and names those that there are when none has it', async () => {
    const app = unstarted(counting(), copying());
    await app.start();
    await eventually('all tasks run', () => areAll(app, 'RUNNING', 5));
    await app.pause('counting');
    await cluster.produce('events', numbered(10));
    await cluster.produce('orders', [{ key: 'a', value: '1' }]);

    await eventually('the other one goes on', async () => (await cluster.read('copies')).length === 1);
    await fetched(app, 10);
    expect(await cluster.read('counts')).toEqual([]);
    await expect(app.pause('other')).rejects.toThrow("no topology is named 'other': it has 'counting', 'copying'");
  });

  it('holds back tasks that come by a rebalance, and those of an application that is paused before its start', async () => {
    const given = numbered(400);
    const first = await apps.start(counting());
    await cluster.produce('events', given.slice(0, 200));
    await first.drained();
    await first.pause();
    const second = unstarted(counting());
    await second.pause();
    await second.start();
    await eventually(
      'the tasks are spread and paused',
      () => areAll(first, 'PAUSED', 2) && areAll(second, 'PAUSED', 2),
      {
        timeoutMs: 10_000,
      },
    );
    await second.stop();
    await eventually('they are back and paused', () => areAll(first, 'PAUSED', 4), { timeoutMs: 10_000 });
    await cluster.produce('events', given.slice(200));
    await fetched(first, 200);
    expect(first.metrics.recordsProcessed + second.metrics.recordsProcessed).toBe(200);

    first.resume();
    await first.drained();
    await expectCountedOnce(cluster, given);
  });
});
