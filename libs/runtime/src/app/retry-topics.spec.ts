import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RecordError, TransientError } from '@millrace/kernel';
import { TopologyBuilder, json, keyValueStore, topic, utf8, type ErrorPolicy, type Topology } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { events, numbered } from '../../test/counting.js';
import { EmbeddedCluster, type GivenRecord } from '../../test/embedded-cluster.js';
import { FaultDialer } from '../../test/fault-dialer.js';
import { runtimeChannels, type RetriedEvent } from '../diagnostics/channels.js';

const handled = topic('handled', utf8, utf8);
const history = keyValueStore('history', { key: utf8, value: json<string[]>() });

/** Remembers each event in a store and forwards it, and only then calls what may fail. */
function handling(call: (value: string) => void): Topology {
  const t = new TopologyBuilder('handling');
  t.stream('events', events)
    .process('handle', {
      stores: [history],
      create: () => ({
        process: (record, context) => {
          const store = context.store(history);
          store.put(record.key, [...(store.get(record.key) ?? []), record.value]);
          const forwarded = context.forward(record.key, record.value);
          call(record.value);
          return forwarded;
        },
      }),
    })
    .to('handled-out', handled);
  return t.build();
}

/** Fails for a while, the first `times` calls of each third event. */
function flaky(times: number): (value: string) => void {
  const calls = new Map<string, number>();
  return (value) => {
    const nth = (calls.get(value) ?? 0) + 1;
    calls.set(value, nth);
    if (Number(value.slice(1)) % 3 === 0 && nth <= times) {
      throw new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'away');
    }
  };
}

const ordered: Partial<ErrorPolicy> = { retryTopic: { delays: [20, 20, 20], order: 'per-key' } };

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 3, handled: 3 });
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

async function seenByKey(): Promise<Map<string, (string | null)[]>> {
  const seen = new Map<string, (string | null)[]>();
  for (const { key, value } of await cluster.read('handled')) {
    seen.set(key as string, [...(seen.get(key as string) ?? []), value]);
  }
  return new Map([...seen].toSorted());
}

function givenByKey(given: readonly GivenRecord[]): Map<string, (string | null)[]> {
  const byKey = new Map<string, (string | null)[]>();
  for (const { key, value } of given) byKey.set(key as string, [...(byKey.get(key as string) ?? []), value]);
  return new Map([...byKey].toSorted());
}

describe('retry topics', () => {
  it('are made beside the other internal topics, with the partitions of the topic that they belong to', async () => {
    await apps.start(
      handling(() => undefined),
      { policies: { handling: ordered } },
    );

    const topics = await cluster.admin.listTopics();
    expect(topics).toEqual(
      expect.arrayContaining(['app-events-retry-1', 'app-events-retry-2', 'app-events-retry-3', 'events-dlt']),
    );
    expect(topics).not.toContain('app-events-retry-1-dlt');
    expect(await cluster.client.partitionCount('app-events-retry-3')).toBe(3);
  });

  it('lose nothing, double nothing and keep the order of each key when processes are killed in the middle', async () => {
    const given = numbered(400);
    const call = flaky(2);
    const policies = { handling: ordered };
    for (let kill = 0; kill < 3; kill++) {
      await cluster.produce('events', given.slice(kill * 100, (kill + 1) * 100));
      const dialer = new FaultDialer(cluster.broker.dialer());
      let retried = 0;
      const subscriptions = [
        runtimeChannels.retried.subscribe(({ records }) => (retried += records)),
        // Records wait in retry topics then, and what has just been processed is not committed.
        runtimeChannels.processed.subscribe(() => {
          if (retried > 30 * (kill + 1) && dialer.faults === 0) dialer.kill();
        }),
      ];
      await apps.start(handling(call), { dialer, instanceId: 'pod-1', policies });
      await eventually('the process is killed', () => dialer.faults > 0);
      for (const unsubscribe of subscriptions) unsubscribe();
    }
    await cluster.produce('events', given.slice(300));

    const app = await apps.start(handling(call), { instanceId: 'pod-1', policies });
    await app.drained();

    expect(await seenByKey()).toEqual(givenByKey(given));
    expect(await cluster.read('events-dlt')).toEqual([]);
  }, 60_000);

  it('end in the dead-letter topic, whose header counts the attempts, and events tell of each try', async () => {
    const told: RetriedEvent[] = [];
    const unsubscribe = runtimeChannels.retried.subscribe((event) => void told.push(event));
    await cluster.produce('events', [
      { key: 'a', value: 'v0' },
      { key: 'a', value: 'v1' },
    ]);
    const app = await apps.start(handling(flaky(Infinity)), {
      policies: { handling: { ...ordered, retry: { attempts: 1, initial: 10 } } },
    });
    await app.drained();
    unsubscribe();

    const [letter, ...others] = await cluster.read('events-dlt');
    expect(others).toEqual([]);
    expect(letter?.value).toBe('v0');
    expect(Object.fromEntries(letter?.headers ?? [])).toMatchObject({
      'dlt.node': 'handle',
      'dlt.attempts': '8',
      'dlt.topic': 'events',
      'dlt.offset': '0',
    });
    expect((await seenByKey()).get('a')).toEqual(['v1']);
    const sum = (where: RetriedEvent['where']): number =>
      told.filter((each) => each.where === where).reduce((total, { records }) => total + records, 0);
    expect(sum('in-place')).toBe(4);
    expect(sum('retry-topic')).toBe(6);
  });
});

describe('a record whose error alone makes it a dead letter', () => {
  it('leaves nothing behind under the default policy either: its task restarts once', async () => {
    await cluster.produce('events', numbered(60));
    const app = await apps.start(
      handling((value) => {
        if (value === 'v10' || value === 'v40') throw new RecordError('MR_RECORD_REJECTED', 'no');
      }),
    );
    await app.drained();

    expect((await cluster.read('events-dlt')).map(({ value }) => value).toSorted()).toEqual(['v10', 'v40']);
    expect(await seenByKey()).toEqual(
      givenByKey(numbered(60).filter(({ value }) => value !== 'v10' && value !== 'v40')),
    );
  });
});
