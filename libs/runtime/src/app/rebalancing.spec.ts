import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FatalError } from '@millrace/kernel';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { FaultDialer } from '../../test/fault-dialer.js';
import { runtimeChannels, type FailureEvent } from '../diagnostics/channels.js';
import type { StreamsApp } from './streams-app.js';

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 4, counts: 2 });
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

function runningTasks(app: StreamsApp): string[] {
  return app
    .health()
    .threads.flatMap(({ tasks }) => tasks.filter(({ state }) => state === 'RUNNING').map(({ taskId }) => taskId));
}

function processedBy(...apps: readonly StreamsApp[]): number {
  return [...new Set(apps)].reduce((sum, app) => sum + app.metrics.recordsProcessed, 0);
}

/** All four tasks run, each on one of the applications, spread as evenly as their number allows. */
async function balanced(...running: readonly StreamsApp[]): Promise<void> {
  await eventually(
    'the tasks are spread',
    () => {
      const tasks = running.map(runningTasks);
      const all = tasks.flat();
      const isLevel =
        Math.max(...tasks.map(({ length }) => length)) - Math.min(...tasks.map(({ length }) => length)) <= 1;
      return all.length === 4 && new Set(all).size === 4 && isLevel;
    },
    { timeoutMs: 15_000 },
  );
}

describe('rebalancing', () => {
  it('moves tasks between processes that come and go, with their state, and loses or doubles nothing', async () => {
    const given = numbered(3_000);
    const first = await apps.start(counting());
    await cluster.produce('events', given.slice(0, 1_000));
    const second = await apps.start(counting());
    await balanced(first, second);
    await cluster.produce('events', given.slice(1_000, 2_000));
    const third = await apps.start(counting());
    await first.stop();
    await balanced(second, third);
    await cluster.produce('events', given.slice(2_000));
    await Promise.all([second.drained(), third.drained()]);

    await expectCountedOnce(cluster, given);
  });

  it('commits what it processes while the group rebalances before it gives a task up, and fails at nothing', async () => {
    const given = numbered(4_000);
    const failures: FailureEvent[] = [];
    const unsubscribe = runtimeChannels.failed.subscribe((event) => failures.push(event));
    // A rebalance lasts until the slow one hears of it; the other one, first in order, will have to give up a task.
    const quick = await apps.start(counting(), { instanceId: 'a' });
    const slow = await apps.start(counting(), { instanceId: 'b', heartbeatInterval: 300 });
    await balanced(quick, slow);
    const starting = apps.start(counting());
    for (let part = 0; part < 100; part++) {
      await cluster.produce('events', given.slice(part * 40, (part + 1) * 40));
      await eventually('it is processed', () => processedBy(quick, slow, ...apps.started) >= (part + 1) * 20);
    }
    const third = await starting;
    await balanced(quick, slow, third);
    await Promise.all([quick, slow, third].map((app) => app.drained()));
    unsubscribe();

    await expectCountedOnce(cluster, given);
    expect(failures.map(({ code }) => code)).toEqual([]);
  }, 30_000);

  it('leaves tasks where they are when a process comes', async () => {
    const first = await apps.start(counting());
    await eventually('all tasks run', () => runningTasks(first).length === 4);
    const before = runningTasks(first);

    const second = await apps.start(counting());
    await balanced(first, second);

    expect(runningTasks(first).every((task) => before.includes(task))).toBe(true);
  });

  it('gives the tasks of a killed process to the others after its session, as of its last commit', async () => {
    const given = numbered(1_000);
    const dialer = new FaultDialer(cluster.broker.dialer());
    const victim = await apps.start(counting(), { dialer, transactionTimeout: '1s' });
    const survivor = await apps.start(counting());
    await balanced(victim, survivor);
    await cluster.produce('events', given.slice(0, 500));
    await eventually('the victim has worked', () => victim.metrics.recordsProcessed > 0);
    dialer.kill();

    await balanced(survivor);
    await cluster.produce('events', given.slice(500));
    await survivor.drained();

    await expectCountedOnce(cluster, given);
  }, 20_000);

  it('gives tasks to somebody when their owner dies after it has given them up and before it has told the group', async () => {
    const JOIN_GROUP = 11;
    const dialer = new FaultDialer(cluster.broker.dialer());
    const victim = await apps.start(counting(), { instanceId: 'a', dialer });
    await balanced(victim);
    let hasGivenUp = false;
    const unsubscribe = runtimeChannels.rebalanced.subscribe(({ kind, thread }) => {
      if (kind === 'revoked' && thread === 'a-0') hasGivenUp = true;
    });
    dialer.onRequest = (apiKey) => {
      if (apiKey === JOIN_GROUP && hasGivenUp) dialer.kill();
      return 'pass';
    };
    const other = await apps.start(counting(), { instanceId: 'b', sessionTimeout: '30s' });
    await eventually('the victim is dead', () => dialer.faults > 0);
    unsubscribe();

    const successor = await apps.start(counting(), { instanceId: 'a', sessionTimeout: '30s' });

    await balanced(other, successor);
  }, 20_000);

  it('shares tasks between the threads of one process', async () => {
    const given = numbered(1_000);
    await cluster.produce('events', given);
    const app = await apps.start(counting(), { threads: 2 });
    await balanced(app);
    await app.drained();

    expect(app.health().threads.map(({ tasks }) => tasks.length)).toEqual([2, 2]);
    await expectCountedOnce(cluster, given);
  });

  it('lets the others go on when a process ends with an error that nobody can mend', async () => {
    const given = numbered(200);
    const failing = await apps.start(
      counting(() => {
        throw new FatalError('MR_CONFIG_INVALID', 'this process has no licence');
      }),
    );
    await cluster.produce('events', given);
    await expect(failing.finished).rejects.toThrow('no licence');

    const other = await apps.start(counting());
    await balanced(other);
    await other.drained();

    expect(failing.state).toBe('ERROR');
    expect(failing.health().threads.every(({ state }) => state === 'DEAD')).toBe(true);
    await expectCountedOnce(cluster, given);
  });
});
