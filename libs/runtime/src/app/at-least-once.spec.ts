import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TaskError } from '@millrace/kernel';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster, type GivenRecord } from '../../test/embedded-cluster.js';
import { ApiKeys, FaultDialer } from '../../test/fault-dialer.js';

const OFFSET_COMMIT = 8;
const GUARANTEE = { processingGuarantee: 'at_least_once', instanceId: 'pod-1' } as const;

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 2, counts: 2 });
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

/** How much more was counted than there is; every key must have been counted to its total at least. */
async function countedTooOften(given: readonly GivenRecord[]): Promise<number> {
  const seen = await cluster.read('counts');
  for (const key of new Set(given.map((each) => each.key))) {
    const counts = seen.filter((each) => each.key === key).map(({ value }) => Number(value));
    expect(Math.max(...counts)).toBeGreaterThanOrEqual(given.filter((each) => each.key === key).length);
  }
  return seen.length - given.length;
}

describe('at least once', () => {
  it('counts once as long as nothing fails, with the output that it commits after', async () => {
    const given = numbered(500);
    const app = await apps.start(counting(), GUARANTEE);
    await cluster.produce('events', given);
    await app.drained();

    await expectCountedOnce(cluster, given);
  });

  it('repeats what a process had written whose offsets it could not commit before it was killed, and loses nothing', async () => {
    const given = numbered(1_000);
    const dialer = new FaultDialer(cluster.broker.dialer());
    await cluster.produce('events', given.slice(0, 500));
    dialer.onRequest = (apiKey) => {
      if (apiKey === OFFSET_COMMIT) dialer.kill();
      return 'pass';
    };
    await apps.start(counting(), { ...GUARANTEE, dialer });
    await eventually('the process is killed', () => dialer.faults > 0);
    await cluster.produce('events', given.slice(500));

    const next = await apps.start(counting(), GUARANTEE);
    await next.drained();

    expect(await countedTooOften(given)).toBeGreaterThan(0);
  });

  it('commits no offset of output that did not arrive', async () => {
    const given = numbered(500);
    const dialer = new FaultDialer(cluster.broker.dialer());
    await apps.start(counting(), { ...GUARANTEE, dialer });
    dialer.onRequest = (apiKey) => {
      if (apiKey === ApiKeys.Produce) dialer.kill();
      return 'pass';
    };
    await cluster.produce('events', given);
    await eventually('the process is killed', () => dialer.faults > 0);

    const next = await apps.start(counting(), GUARANTEE);
    await next.drained();

    await countedTooOften(given);
  });

  it('restarts a failed task alone and loses nothing', async () => {
    const given = numbered(1_000);
    let failures = 0;
    const failing = counting((value) => {
      if (value === 'v700' && ++failures < 3) throw new TaskError('MR_TASK_FAILED', 'not yet');
    });
    const app = await apps.start(failing, GUARANTEE);
    await cluster.produce('events', given);
    await app.drained();

    expect(failures).toBe(3);
    await countedTooOften(given);
  });

  it('sends output and commits offsets each commit interval, and at the stop', async () => {
    const given = numbered(100);
    const app = await apps.start(counting(), { ...GUARANTEE, commitInterval: '10m' });
    await cluster.produce('events', given);
    await eventually('it is processed', () => app.metrics.recordsProcessed === 100);
    expect(await cluster.read('counts')).toEqual([]);

    await app.stop();

    await expectCountedOnce(cluster, given);
  });
});
