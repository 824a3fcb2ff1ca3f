import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TopologyBuilder, utf8, type Topology } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counts, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { HoldingDialer } from '../../test/holding-dialer.js';
import { runtimeChannels, type FailureEvent } from '../diagnostics/channels.js';

/** Kafka's number of the request, and where it stands. */
const FETCH = 1;
const API_KEY_AT = 4;

const REPARTITION = 'app-by-key-repartition';

/** Counts events behind a repartition topic. */
function rekeyed(onCounted: () => void = () => undefined): Topology {
  const t = new TopologyBuilder('rekeyed');
  t.stream('events', events)
    .repartition('by-key', { key: utf8, value: utf8 })
    .peek('seen', onCounted)
    .groupByKey()
    .count('count', { store: 'event-counts' })
    .toStream('counted')
    .to('counts-out', counts);
  return t.build();
}

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);
let failures: FailureEvent[];
let unsubscribe: () => void;

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 1, counts: 1 });
  failures = [];
  unsubscribe = runtimeChannels.failed.subscribe((event) => void failures.push(event));
});

afterEach(async () => {
  unsubscribe();
  await apps.stop();
  await cluster.stop();
});

async function boundsOf(topic: string): Promise<{ first: number; committed: number }> {
  const [begin] = await cluster.admin.listOffsets([{ topic, partition: 0, at: 'earliest' }]);
  const [committed] = await cluster.admin.committedOffsets('app', [{ topic, partition: 0 }]);
  return { first: begin?.offset ?? -1, committed: committed?.offset ?? 0 };
}

describe.each(['exactly_once', 'at_least_once'] as const)('a repartition topic, %s', (processingGuarantee) => {
  it('loses what was read and committed, and inputs of others keep it', async () => {
    const given = numbered(600);
    const options = { processingGuarantee, repartitionPurgeInterval: 1 };
    const app = await apps.start(rekeyed(), options);
    for (let part = 0; part < 3; part++) {
      await cluster.produce('events', given.slice(part * 100, (part + 1) * 100));
      await app.drained();
    }
    await eventually('what was committed is deleted', async () => (await boundsOf(REPARTITION)).first >= 100);
    const { first, committed } = await boundsOf(REPARTITION);
    expect(first).toBeLessThanOrEqual(committed);
    await app.stop();
    const next = await apps.start(rekeyed(), options);
    await cluster.produce('events', given.slice(300));
    await next.drained();

    await expectCountedOnce(cluster, given);
    expect((await boundsOf('events')).first).toBe(0);
    expect(failures).toEqual([]);
  });
});

describe('a process that another one has replaced', () => {
  it('ends as such, and does not take what its successor has read for input that is gone', async () => {
    const given = numbered(300);
    let isFrozen = false;
    const fetches = new HoldingDialer(
      cluster.broker.dialer(),
      (request) => isFrozen && request.readInt16BE(API_KEY_AT) === FETCH,
    );
    const others = new HoldingDialer(fetches, (request) => isFrozen && request.readInt16BE(API_KEY_AT) !== FETCH);
    const options = { instanceId: 'a', sessionTimeout: '30s', repartitionPurgeInterval: 1 } as const;
    const replaced = await apps.start(rekeyed(), { ...options, dialer: others });
    await cluster.produce('events', given.slice(0, 100));
    await replaced.drained();
    isFrozen = true;
    await eventually('it is frozen', () => fetches.held > 0 && others.held > 0);
    const successor = await apps.start(rekeyed(), options);
    for (const from of [100, 200]) {
      // Nothing new comes of the other input, which would be processed first.
      await cluster.produce(REPARTITION, given.slice(from, from + 100));
      await successor.drained();
    }
    await eventually('what it was about to read is deleted', async () => (await boundsOf(REPARTITION)).first > 110);

    // It hears of its input before it hears that another one has its tasks.
    const heldBefore = others.held;
    fetches.letGo();
    await eventually('it asks how far others are, or ends', () => others.held > heldBefore || failures.length > 0);
    others.letGo();

    await expect(replaced.finished).rejects.toMatchObject({ code: 'MR_TASK_FENCED' });
    await expectCountedOnce(cluster, given);
  }, 20_000);
});
