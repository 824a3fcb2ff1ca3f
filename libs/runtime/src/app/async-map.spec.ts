import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sleep, SystemClock, TaskError } from '@millrace/kernel';
import { TopologyBuilder, type AsyncCall, type AsyncMapOptions, type Topology } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counts, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { FaultDialer } from '../../test/fault-dialer.js';
import { runtimeChannels } from '../diagnostics/channels.js';

interface Calls extends AsyncMapOptions<string> {
  readonly call: AsyncCall<string, string, string>;
}

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);
const clock = new SystemClock();

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 2, counts: 2 });
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

/** Counts events per key, each after a call to the outside. */
function asking({ call, ...options }: Calls): Topology {
  const t = new TopologyBuilder('asking');
  t.stream('events', events)
    .asyncMap('ask', call, { value: events.value, ...options })
    .groupByKey()
    .count('count', { store: 'event-counts' })
    .toStream('counted')
    .to('counts-out', counts);
  return t.build();
}

/** A call that takes between 0 and 4 ms, another time for each value. */
const uneven = (value: string): Promise<string> => sleep(clock, Number(value.slice(1)) % 5).then(() => value);

/** A call that is answered by hand. */
class Gate {
  readonly waiting = new Map<string, () => void>();

  readonly call = (value: string): Promise<string> =>
    new Promise((resolve) => this.waiting.set(value, () => resolve(value)));

  open(): void {
    for (const [value, answer] of this.waiting) {
      this.waiting.delete(value);
      answer();
    }
  }
}

describe('asyncMap on a cluster', () => {
  it.each(['ordered', 'per-key', 'unordered'] as const)('counts every event once, %s', async (order) => {
    const given = numbered(600);
    await cluster.produce('events', given);
    const app = await apps.start(asking({ call: uneven, order, maxInFlight: 20 }));

    await app.drained();

    await expectCountedOnce(cluster, given);
  });

  it('neither loses nor doubles anything when processes are killed with calls under way', async () => {
    const given = numbered(1_200);
    for (let kill = 0; kill < 3; kill++) {
      await cluster.produce('events', given.slice(kill * 300, (kill + 1) * 300));
      const dialer = new FaultDialer(cluster.broker.dialer());
      let asked = 0;
      const call = (value: string): Promise<string> => {
        if (++asked === 50 * (kill + 1)) dialer.kill();
        return uneven(value);
      };
      await apps.start(asking({ call, order: 'unordered', maxInFlight: 20 }), { dialer, instanceId: 'pod-1' });
      await eventually('the process is killed', () => dialer.faults > 0);
    }
    await cluster.produce('events', given.slice(900));

    const app = await apps.start(asking({ call: uneven, order: 'unordered' }), { instanceId: 'pod-1' });
    await app.drained();

    await expectCountedOnce(cluster, given);
  }, 30_000);

  it('lets other tasks of the thread go on while a commit waits for calls, and takes no more records itself', async () => {
    const gate = new Gate();
    const committed: number[] = [];
    const unsubscribeCommits = runtimeChannels.committed.subscribe(({ recordsIn }) => committed.push(recordsIn));
    const processed = new Map<string, number>();
    const unsubscribe = runtimeChannels.processed.subscribe(({ taskId, records }) =>
      processed.set(taskId, (processed.get(taskId) ?? 0) + records),
    );
    const t = new TopologyBuilder('two-ways');
    t.stream('events', events)
      .asyncMap('ask', gate.call, { value: events.value })
      .to('asked', counts as never);
    t.stream('others', { ...events, name: 'others' }).to('passed', { ...events, name: 'passed' });
    await cluster.admin.createTopics([
      { name: 'others', partitions: 1 },
      { name: 'passed', partitions: 1 },
    ]);
    const app = await apps.start(t.build());
    await cluster.produce('events', [{ key: 'k', value: 'v1', partition: 0 }]);
    await eventually('the call is made', () => gate.waiting.size === 1);
    const total = (): number => [...processed.values()].reduce((sum, each) => sum + each, 0);
    for (let nth = 1; nth <= 5; nth++) {
      await cluster.produce('others', [{ key: 'o', value: 'x' }]);
      await eventually('the other task goes on', () => total() === nth + 1);
    }
    await cluster.produce('events', [{ key: 'l', value: 'v2', partition: 0 }]);
    await cluster.produce('others', [{ key: 'o', value: 'y' }]);
    await eventually('the other task goes on', () => total() === 7);
    expect([...gate.waiting.keys()]).toEqual(['v1']);
    expect(committed).toEqual([]);

    gate.open();
    await eventually('the second call is made', () => gate.waiting.has('v2'));
    gate.open();
    await app.drained();
    unsubscribe();
    unsubscribeCommits();

    expect(committed[0]).toBe(7);
    expect((await cluster.read('passed')).length).toBe(6);
  });

  it('wakes up when a call ends, instead of looking now and then', async () => {
    const given = numbered(200);
    const idlePollMs = 25;
    await cluster.produce('events', given);
    const startedMs = clock.monotonicMs();
    const call = (value: string): Promise<string> => sleep(clock, 1).then(() => value);
    const app = await apps.start(asking({ call, maxInFlight: 1 }), { commitInterval: '4s' });

    await eventually('all are called', () => app.metrics.recordsProcessed === given.length, { timeoutMs: 20_000 });

    // One after the other in each of the two tasks: with a look every now and then each would take that long.
    expect(clock.monotonicMs() - startedMs).toBeLessThan(((given.length / 2) * idlePollMs) / 2);
  }, 30_000);

  it('ends calls whose time is over, and makes them again after the task has started anew', async () => {
    const given = numbered(20);
    let mute = 3;
    const call = (value: string): Promise<string> => (mute-- > 0 ? new Promise(() => undefined) : uneven(value));
    await cluster.produce('events', given);
    const app = await apps.start(asking({ call, timeout: 20, maxInFlight: 4 }));

    await app.drained();

    expect(mute).toBeLessThan(0);
    await expectCountedOnce(cluster, given);
  });

  it('restarts the task alone whose call has failed, and ends the application when it goes on failing', async () => {
    const actions: string[] = [];
    const unsubscribe = runtimeChannels.failed.subscribe(
      ({ action, taskId }) => void actions.push(`${action} ${taskId}`),
    );
    const call = (value: string): Promise<string> =>
      value === 'v3' ? Promise.reject(new TaskError('MR_TASK_FAILED', 'no answer')) : uneven(value);
    await cluster.produce('events', [{ key: 'k', value: 'v3', partition: 1 }]);
    const app = await apps.start(asking({ call }), { maxTaskRestarts: 2 });

    await expect(app.finished).rejects.toMatchObject({ disposition: 'stop-app', code: 'MR_TASK_FAILED' });
    unsubscribe();

    expect(actions).toEqual(['restart-task asking/0_1', 'restart-task asking/0_1', 'stop undefined']);
  });

  it('neither loses nor doubles anything when tasks move to another process with calls under way', async () => {
    const given = numbered(400);
    const first = await apps.start(asking({ call: uneven, maxInFlight: 10 }), { instanceId: 'a' });
    await cluster.produce('events', given.slice(0, 200));
    await eventually('it works', () => first.metrics.recordsProcessed > 20);
    const second = await apps.start(asking({ call: uneven, maxInFlight: 10 }), { instanceId: 'b' });
    await cluster.produce('events', given.slice(200));
    await eventually('both have a task', () =>
      [first, second].every((app) => app.health().threads.some(({ tasks }) => tasks.length === 1)),
    );
    await Promise.all([first.drained(), second.drained()]);

    await expectCountedOnce(cluster, given);
  }, 20_000);
});
