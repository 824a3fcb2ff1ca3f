import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, tumbling, utf8, type Topology } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, counts, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster, type GivenRecord } from '../../test/embedded-cluster.js';
import { enrichment, flight, flightTopics, type EnrichedFlight } from '../../test/flights.js';
import { FaultDialer } from '../../test/fault-dialer.js';
import type { LocalStore } from '../app/local-store.js';
import type { StreamsApp } from '../app/streams-app.js';
import { runtimeChannels, type FailureEvent, type RestoreEvent } from '../diagnostics/channels.js';

let cluster: EmbeddedCluster;
let restored: RestoreEvent[];
let failures: FailureEvent[];
let unsubscribe: (() => void)[];
const apps = new Apps(() => cluster);
const PARTITIONS = 4;

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: PARTITIONS, counts: 2 });
  restored = [];
  failures = [];
  unsubscribe = [
    runtimeChannels.restored.subscribe((event) => restored.push(event)),
    runtimeChannels.failed.subscribe((event) => failures.push(event)),
  ];
});

afterEach(async () => {
  for (const end of unsubscribe) end();
  await apps.stop();
  await cluster.stop();
});

/** Numbered events whose keys are spread over all partitions. */
function everywhere(count: number, from = 0): GivenRecord[] {
  return numbered(count, from).map((event) => ({ ...event, partition: Number(event.key?.slice(1)) % PARTITIONS }));
}

function stores(app: StreamsApp, role: LocalStore['role']): LocalStore[] {
  return app.localStores('event-counts').filter((each) => each.role === role);
}

/** Each task runs on one of the applications, level, and has a standby on another one that has all of its changelog. */
async function balanced(...running: readonly StreamsApp[]): Promise<void> {
  await eventually(
    'tasks and standbys are spread, and the standbys have caught up',
    () => {
      const active = running.map((app) => stores(app, 'active').map(({ partition }) => partition));
      const standby = running.map((app) => stores(app, 'standby'));
      const sizes = active.map(({ length }) => length);
      return (
        new Set(active.flat()).size === PARTITIONS &&
        active.flat().length === PARTITIONS &&
        Math.max(...sizes) - Math.min(...sizes) <= 1 &&
        new Set(standby.flat().map(({ partition }) => partition)).size === PARTITIONS &&
        standby.flat().every(({ lagRecords }) => lagRecords === 0)
      );
    },
    { timeoutMs: 15_000 },
  );
}

function restoredBy(instance: string): number {
  return restored
    .filter(({ thread, phase }) => thread.startsWith(instance) && phase === 'ended')
    .reduce((sum, { restoredRecords }) => sum + restoredRecords, 0);
}

describe('a standby', () => {
  it('takes over from a killed process without reading the changelogs again', async () => {
    const given = everywhere(2_000);
    const dialer = new FaultDialer(cluster.broker.dialer());
    const options = { standbyReplicas: 1, transactionTimeout: '1s' } as const;
    const victim = await apps.start(counting(), { ...options, dialer, instanceId: 'victim' });
    const survivor = await apps.start(counting(), { ...options, instanceId: 'survivor' });
    await balanced(victim, survivor);
    await cluster.produce('events', given.slice(0, 1_500));
    await Promise.all([victim.drained(), survivor.drained()]);
    await balanced(victim, survivor);
    const logged = (await cluster.read('app-event-counts-changelog')).length;
    const before = restoredBy('survivor');
    await cluster.produce('events', given.slice(1_500, 1_600));
    dialer.kill();

    await eventually('the survivor runs everything', () => stores(survivor, 'active').length === PARTITIONS, {
      timeoutMs: 15_000,
    });
    await cluster.produce('events', given.slice(1_600));
    await survivor.drained();

    await expectCountedOnce(cluster, given);
    expect(logged).toBe(1_500);
    expect(restoredBy('survivor') - before).toBeLessThanOrEqual(100);
  }, 30_000);

  it('is what is left of an active task that moves away, with its store as committed', async () => {
    const given = everywhere(1_000);
    await cluster.produce('events', given);
    const first = await apps.start(counting(), { standbyReplicas: 1, instanceId: 'first' });
    await first.drained();
    const held = new Map(stores(first, 'active').map(({ partition, store }) => [partition, store]));
    const second = await apps.start(counting(), { standbyReplicas: 1 });
    await balanced(first, second);

    const left = stores(first, 'standby');
    expect(left).toHaveLength(2);
    for (const { partition, store } of left) expect(store).toBe(held.get(partition));
    expect(restoredBy('first')).toBe(0);
    await cluster.produce('events', everywhere(1_000, 1_000));
    await Promise.all([first.drained(), second.drained()]);
    await balanced(first, second);
    await second.stop();
    await eventually('the first runs everything', () => stores(first, 'active').length === PARTITIONS, {
      timeoutMs: 15_000,
    });
    await cluster.produce('events', everywhere(500, 2_000));
    await first.drained();

    await expectCountedOnce(cluster, everywhere(2_500));
    expect(failures.map(({ code }) => code)).toEqual([]);
  }, 30_000);

  it('is what is left of a paused task that moves away, too', async () => {
    const given = everywhere(1_000);
    await cluster.produce('events', given);
    const first = await apps.start(counting(), { standbyReplicas: 1, instanceId: 'first' });
    await first.drained();
    await first.pause();
    await eventually('all tasks are paused', () =>
      first.health().threads.every(({ tasks }) => tasks.every(({ state }) => state === 'PAUSED')),
    );
    const held = new Map(stores(first, 'active').map(({ partition, store }) => [partition, store]));
    const second = await apps.start(counting(), { standbyReplicas: 1 });
    await balanced(first, second);

    const left = stores(first, 'standby');
    expect(left).toHaveLength(2);
    for (const { partition, store } of left) expect(store).toBe(held.get(partition));
    first.resume();
    await Promise.all([first.drained(), second.drained()]);
    await expectCountedOnce(cluster, given);
  }, 30_000);

  it('shows in the health with its lag, and commits nothing', async () => {
    const options = { standbyReplicas: 1 };
    const both = [await apps.start(counting(), options), await apps.start(counting(), options)] as const;
    await balanced(...both);

    for (const app of both) {
      const [thread] = app.health().threads;
      expect(thread?.standbys.map(({ lagRecords }) => lagRecords)).toEqual([0, 0]);
      const active = thread?.tasks.map(({ taskId }) => taskId);
      expect(thread?.standbys.some(({ taskId }) => active?.includes(taskId))).toBe(false);
    }
  }, 20_000);
});

/** Counts as {@link counting}, in one window that all events are in: unlike others, rows of windows are read while they are restored. */
function countingInAWindow(): Topology {
  const t = new TopologyBuilder('counting');
  t.stream('events', events)
    .groupByKey()
    .windowedBy(tumbling({ size: '1d', grace: 0 }))
    .count('count', { store: 'event-counts' })
    .toStream('counted')
    .map('without-window', (count, { key }) => [key, count] as const, { key: utf8, value: json<number>() })
    .to('counts-out', counts);
  return t.build();
}

describe('a standby that cannot be followed', () => {
  it('is given up, and the application goes on', async () => {
    const both = [
      await apps.start(countingInAWindow(), { standbyReplicas: 1 }),
      await apps.start(countingInAWindow(), { standbyReplicas: 1 }),
    ] as const;
    await balanced(...both);
    await cluster.produce('app-event-counts-changelog', [{ key: 'k0', value: 'x', partition: 2 }]);
    await eventually('it is given up', () => both.flatMap((app) => stores(app, 'standby')).length === PARTITIONS - 1);
    await cluster.produce('events', everywhere(200));
    await Promise.all(both.map((app) => app.drained()));

    expect(failures.map(({ action }) => action)).toEqual(['skip']);
    await expectCountedOnce(cluster, everywhere(200));
  }, 20_000);
});

describe('a standby of a table that is read from a topic', () => {
  it('follows the topic as far as the group has committed, and takes over from there', async () => {
    await cluster.admin.createTopics(Object.entries(flightTopics).map(([name, partitions]) => ({ name, partitions })));
    const rows = Array.from({ length: 300 }, (_, nth) => ({ key: `N${nth}`, value: `model ${nth}`, timestampMs: 1 }));
    await cluster.produce('aircraft', rows);
    const dialer = new FaultDialer(cluster.broker.dialer());
    const options = { standbyReplicas: 1, transactionTimeout: '1s' } as const;
    const victim = await apps.start(enrichment(), { ...options, dialer, instanceId: 'victim' });
    await victim.drained();
    const survivor = await apps.start(enrichment(), { ...options, instanceId: 'survivor' });
    const sizeOf = (app: StreamsApp, role: LocalStore['role']): number => {
      const tables = app.localStores('aircraft-by-tail').filter((each) => each.role === role);
      return tables.reduce((sum, { store }) => sum + store.size(), 0);
    };
    await eventually('each row is here and there', () => {
      return [victim, survivor].every((app) => sizeOf(app, 'active') + sizeOf(app, 'standby') === rows.length);
    });
    const before = restoredBy('survivor');
    dialer.kill();
    await eventually('the survivor runs everything', () => sizeOf(survivor, 'active') === rows.length, {
      timeoutMs: 15_000,
    });
    expect(restoredBy('survivor') - before).toBe(0);

    await cluster.produce('flights', [flight('N7', 'UA', 5), flight('N8', 'UA', 6)]);
    await survivor.drained();
    const models = (await cluster.read('enriched')).map(
      ({ value }) => (JSON.parse(value as string) as EnrichedFlight).model,
    );
    expect(models.toSorted()).toEqual(['model 7', 'model 8']);
  }, 30_000);
});

describe('a new process', () => {
  it('gets a task only when its stores are nearly complete there; until then the old one works on', async () => {
    const given = everywhere(3_000);
    const options = { acceptableRecoveryLag: 20, maxWarmupReplicas: 1, probingRebalanceInterval: 300 } as const;
    await cluster.produce('events', given.slice(0, 2_000));
    const first = await apps.start(counting(), { ...options, instanceId: 'first' });
    await first.drained();
    const second = await apps.start(counting(), { ...options, instanceId: 'second' });
    await eventually('a store warms up', () => stores(second, 'standby').length === 1);

    expect(stores(first, 'active')).toHaveLength(PARTITIONS);
    expect(second.health().threads[0]?.tasks).toEqual([]);
    await cluster.produce('events', given.slice(2_000));
    await eventually('both work', () => [first, second].every((app) => stores(app, 'active').length === 2), {
      timeoutMs: 15_000,
    });
    await Promise.all([first, second].map((app) => app.drained()));

    expect(stores(second, 'standby')).toEqual([]);
    expect(stores(first, 'standby')).toEqual([]);
    const starts = restored.filter(({ thread, phase }) => thread === 'second-0' && phase === 'started');
    expect(starts).toHaveLength(2);
    // What was committed between its last word to the leader and the end of its former owner comes on top.
    expect(Math.max(...starts.map(({ totalRecords }) => totalRecords))).toBeLessThan(400);
    await expectCountedOnce(cluster, given);
  }, 30_000);
});

describe('a rolling restart with warm-ups', () => {
  it('loses and doubles nothing, and moves tasks only to stores that are nearly complete', async () => {
    const given = everywhere(6_000);
    const options = { standbyReplicas: 1, acceptableRecoveryLag: 50, probingRebalanceInterval: 100 };
    const topology = counting();
    await cluster.produce('events', given.slice(0, 2_000));
    let running = [await apps.start(topology, options)];
    await running[0]?.drained();
    running.push(await apps.start(topology, options), await apps.start(topology, options));
    await balanced(...running);
    const afterStart = restored.filter(({ phase }) => phase === 'started').length;
    let produced = 2_000;
    for (let round = 0; round < 3; round++) {
      const [oldest, ...rest] = running;
      const stopping = oldest?.stop();
      for (const until = produced + 1_000; produced < until; produced += 100) {
        await cluster.produce('events', given.slice(produced, produced + 100));
      }
      await stopping;
      running = [...rest, await apps.start(topology, options)];
      await balanced(...running);
    }
    await cluster.produce('events', given.slice(produced));
    await Promise.all(running.map((app) => app.drained()));

    await expectCountedOnce(cluster, given);
    expect(failures.map(({ code }) => code)).toEqual([]);
    const later = restored.filter(({ phase }) => phase === 'started').slice(afterStart);
    expect(later.length).toBeGreaterThan(0);
    expect(Math.max(...later.map(({ totalRecords }) => totalRecords))).toBeLessThan(1_000);
  }, 60_000);
});
