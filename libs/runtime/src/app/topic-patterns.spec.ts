import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RecordError } from '@millrace/kernel';
import { TopologyBuilder, topic, topicPattern, utf8, type Topology } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counts, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster, type GivenRecord } from '../../test/embedded-cluster.js';
import { runtimeChannels, type RestoreEvent } from '../diagnostics/channels.js';
import type { StreamsApp } from './streams-app.js';

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);
const OPTIONS = { patternRefreshInterval: 50 } as const;

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ 'events.a': 3, 'events.b': 2, counts: 2 });
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

/** Counts the events of all topics per key, in the partition of the topic that they are in: keys keep to one partition. */
function countingAll(pattern = /events\..*/, onEvent: (value: string) => void = () => undefined): Topology {
  const t = new TopologyBuilder('counting');
  t.stream('events', topicPattern(pattern, utf8, utf8))
    .peek('look', onEvent)
    .groupByKey()
    .count('count', { store: 'event-counts' })
    .toStream('counted')
    .to('counts-out', counts);
  return t.build();
}

/** Numbered events, each key always in the same one of two partitions, which all topics have. */
function placed(count: number, from = 0): GivenRecord[] {
  return numbered(count, from).map((event) => ({ ...event, partition: Number(event.key?.slice(1)) % 2 }));
}

function tasksOf(app: StreamsApp): number {
  return app
    .health()
    .threads.reduce((sum, { tasks }) => sum + tasks.filter(({ state }) => state === 'RUNNING').length, 0);
}

describe('a stream of all topics that match a pattern', () => {
  it('reads topics that are created while it runs from their first record, without losing or doubling anything', async () => {
    const given = placed(900);
    await cluster.produce('events.a', given.slice(0, 150));
    await cluster.produce('events.b', given.slice(150, 300));
    const first = await apps.start(countingAll(), OPTIONS);
    const second = await apps.start(countingAll(), { ...OPTIONS, threads: 2 });
    await eventually('all three members have a task', () => tasksOf(first) === 1 && tasksOf(second) === 2, {
      timeoutMs: 10_000,
    });
    await cluster.produce('events.a', given.slice(300, 400));
    await cluster.admin.createTopics([{ name: 'events.c', partitions: 2 }]);
    await cluster.produce('events.c', given.slice(400, 600));
    await cluster.produce('events.b', given.slice(600, 700));

    const processed = (): number => first.metrics.recordsProcessed + second.metrics.recordsProcessed;
    await eventually('the new topic is read', () => processed() >= 700, { timeoutMs: 15_000 });
    await first.stop();
    await cluster.produce('events.c', given.slice(700));
    await eventually('what is left has all tasks', () => tasksOf(second) === 3, { timeoutMs: 10_000 });
    await second.drained();

    await expectCountedOnce(cluster, given);
    expect(second.lag().map((each) => `${each.topic}-${each.partition}`).toSorted()).toEqual([
      'events.a-0', 'events.a-1', 'events.a-2', 'events.b-0', 'events.b-1', 'events.c-0', 'events.c-1',
    ]); // prettier-ignore
  }, 40_000);

  it('keeps the stores of its tasks when more topics match', async () => {
    await cluster.produce('events.a', placed(200));
    const app = await apps.start(countingAll(), { ...OPTIONS, standbyReplicas: 0 });
    await app.drained();
    const restored: RestoreEvent[] = [];
    const unsubscribe = runtimeChannels.restored.subscribe((event) => void restored.push(event));
    await cluster.admin.createTopics([{ name: 'events.c', partitions: 3 }]);
    await cluster.produce('events.c', placed(100, 200));

    await eventually('it is read', () => app.metrics.recordsProcessed === 300, { timeoutMs: 10_000 });
    await app.drained();
    unsubscribe();

    await expectCountedOnce(cluster, placed(300));
    expect(
      restored.filter(({ phase }) => phase === 'ended').every(({ restoredRecords }) => restoredRecords === 0),
    ).toBe(true);
  }, 20_000);

  it('has a dead-letter topic for each topic, and never reads one, nor its own internal topics', async () => {
    const fail = (value: string): void => {
      if (value === 'bad') throw new RecordError('MR_RECORD_REJECTED', 'bad');
    };
    const app = await apps.start(countingAll(/(app-)?(events|event-counts).*/, fail), OPTIONS);
    await cluster.admin.createTopics([{ name: 'events.c', partitions: 1 }]);
    await cluster.produce('events.c', [{ key: 'k0', value: 'bad' }]);
    await cluster.produce('events.a', [{ key: 'k0', value: 'bad' }]);

    await eventually('both are dead letters', () => app.metrics.deadLetters === 2, { timeoutMs: 10_000 });
    await app.drained();

    expect(await cluster.read('events.c-dlt')).toHaveLength(1);
    expect(await cluster.read('events.a-dlt')).toHaveLength(1);
    expect(new Set(app.lag().map((each) => each.topic))).toEqual(new Set(['events.a', 'events.b', 'events.c']));
  }, 20_000);

  it('is refused at boot where nothing matches, or a topic is read otherwise too', async () => {
    const t = new TopologyBuilder('other');
    t.stream('some', topicPattern(/events\.(a|b)/, utf8, utf8));
    t.stream('more', topicPattern(/.*\.b/, utf8, utf8));
    t.stream('none', topicPattern(/nothing/, utf8, utf8)).to('out', topic('missing', utf8, utf8));

    await expect(apps.start(t.build())).rejects.toThrow(
      /no topic matches \/nothing\/ \(read by 'none' of 'other'\)[^]*'events.b' is read by 'some' of 'other' and by 'more' of 'other'[^]*'missing' does not exist/,
    );
  });

  it('ends when a topic comes to match whose partitions do not fit its internal topics', async () => {
    const app = await apps.start(countingAll(), OPTIONS);
    await cluster.admin.createTopics([{ name: 'events.large', partitions: 5 }]);

    await expect(app.finished).rejects.toThrow(
      /'app-event-counts-changelog' has 3 partitions, but the topology needs 5/,
    );
    expect(app.state).toBe('ERROR');
  });
});
