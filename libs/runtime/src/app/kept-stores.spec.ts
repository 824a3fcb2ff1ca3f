import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryStoreEngine } from '@millrace/streams/testing';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { ApiKeys, FaultDialer } from '../../test/fault-dialer.js';
import { runtimeChannels } from '../diagnostics/channels.js';
import type { StreamsAppOptions } from './streams-app-options.js';

const CHANGELOG = 'app-event-counts-changelog';

let cluster: EmbeddedCluster;
/** What is on the machine's disk. */
let disk: MemoryStoreEngine;
const apps = new Apps(() => cluster);

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 1, counts: 1 });
  disk = new MemoryStoreEngine();
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

function onDisk(): Pick<StreamsAppOptions, 'storeEngines' | 'defaultStoreEngine' | 'instanceId'> {
  return { storeEngines: { disk }, defaultStoreEngine: 'disk', instanceId: 'pod-1' };
}

/** Runs an application until everything is processed; returns how many records of the changelog it has restored. */
async function runToTheEnd(): Promise<number> {
  let restored = 0;
  const unsubscribe = runtimeChannels.restored.subscribe(({ topic, phase, restoredRecords }) => {
    if (topic === CHANGELOG && phase === 'ended') restored += restoredRecords;
  });
  const app = await apps.start(counting(), onDisk());
  await app.drained();
  await apps.stop();
  unsubscribe();
  return restored;
}

describe('stores that are kept', () => {
  it('need no restore after an orderly end', async () => {
    const given = numbered(2_000);
    await cluster.produce('events', given.slice(0, 1_500));
    await runToTheEnd();
    await cluster.produce('events', given.slice(1_500));

    expect(await runToTheEnd()).toBe(0);
    await expectCountedOnce(cluster, given);
  });

  it('are restored from where they end when the process died between a commit and the stores', async () => {
    const given = numbered(2_000);
    await cluster.produce('events', given.slice(0, 1_000));
    await runToTheEnd();
    const dialer = new FaultDialer(cluster.broker.dialer());
    // The broker gets the commit; nobody hears of it.
    dialer.onRequest = (key) => {
      if (key === ApiKeys.EndTxn) queueMicrotask(() => dialer.kill());
      return 'pass';
    };
    await cluster.produce('events', given.slice(1_000, 1_500));
    await apps.start(counting(), { ...onDisk(), dialer });
    await eventually('the process is killed', () => dialer.faults > 0);
    await cluster.produce('events', given.slice(1_500));
    const restored = await runToTheEnd();

    expect(restored).toBeGreaterThan(0);
    expect(restored).toBeLessThanOrEqual(500);
    await expectCountedOnce(cluster, given);
  });

  it('are forgotten when their changelog is another one', async () => {
    await cluster.produce('events', numbered(1_000));
    await runToTheEnd();
    await cluster.admin.deleteTopics([CHANGELOG, 'counts']);
    await cluster.admin.createTopics([{ name: 'counts', partitions: 1 }]);
    await cluster.produce('events', numbered(7, 1_000));
    await runToTheEnd();

    expect((await cluster.read('counts')).map(({ value }) => value)).toEqual(Array.from({ length: 7 }, () => '1'));
  });

  it('cannot be asked of an engine that nobody has registered', async () => {
    await expect(apps.start(counting(), { defaultStoreEngine: 'rocks' })).rejects.toThrow(
      /store engine 'rocks' of event-counts is not known: register it, or take one of memory/,
    );
  });
});
