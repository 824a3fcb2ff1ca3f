import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '@millrace/kernel';
import { TopologyBuilder, json, topic, tumbling, utf8, versionedStore, type Topology } from '@millrace/streams';
import { Apps } from '../../test/apps.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { StreamsApp } from '../app/streams-app.js';

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ left: 2, right: 3, words: 2 });
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

const text = (name: string): ReturnType<typeof topic<string, string>> => topic(name, utf8, utf8);

function everything(): Topology {
  const t = new TopologyBuilder('shop');
  const left = t.stream('left', text('left'));
  const right = t.table('right', text('right'), { store: 'right-rows' });
  left.join('join', right, { join: (one) => one, value: utf8 }).to('joined', text('nowhere'));
  t.globalTable('lands', text('lands'), { store: 'lands' });
  t.stream('words', text('words'))
    .groupBy('by-value', (value) => value, utf8)
    .windowedBy(tumbling({ size: 10, grace: 5 }))
    .count('count', { store: 'word-counts', value: json<number>() });
  t.stream('gone', text('gone')).groupByKey().count('gone-count', { store: 'gone-counts' });
  t.stream('versioned', text('versions')).process('keep', {
    stores: [versionedStore('history', { key: utf8, value: utf8, history: '1h' })],
    create: () => ({ process: () => undefined }),
  });
  return t.build();
}

async function problemsOf(starting: Promise<unknown>): Promise<readonly string[]> {
  const error = await starting.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(ConfigurationError);
  return (error as ConfigurationError).problems;
}

describe('the topics of an application at boot', () => {
  it('are refused with everything that is wrong, before any is created', async () => {
    await cluster.admin.createTopics([
      { name: 'app-by-value-repartition', partitions: 2, configs: { 'cleanup.policy': 'compact' } },
      { name: 'app-word-counts-changelog', partitions: 7, configs: { 'cleanup.policy': 'delete' } },
    ]);
    const before = await cluster.admin.listTopics();

    const problems = await problemsOf(apps.start(everything()));

    expect(problems).toEqual([
      expect.stringContaining("topic 'gone' does not exist (read by 'gone' of 'shop')"),
      expect.stringContaining("topic 'versions' does not exist (read by 'versioned' of 'shop')"),
      expect.stringContaining("topic 'lands' does not exist (read by a global table)"),
      expect.stringContaining("topic 'nowhere' does not exist (written by 'joined' of 'shop')"),
      expect.stringContaining("'left' has 2, 'right' has 3"),
      expect.stringContaining("topic 'app-by-value-repartition' has cleanup.policy=compact"),
      expect.stringContaining("topic 'app-word-counts-changelog' has 7 partitions, but the topology needs 2"),
      expect.stringContaining("topic 'app-word-counts-changelog' has cleanup.policy=delete"),
    ]);
    expect(await cluster.admin.listTopics()).toEqual(before);
  });

  it('keep windows as long as asked, versions for a day longer than their history, and fit the next time', async () => {
    await cluster.admin.deleteTopics(['right']);
    await cluster.admin.createTopics(
      ['right', 'gone', 'versions', 'lands', 'nowhere'].map((name) => ({ name, partitions: 2 })),
    );
    const app = await apps.start(everything(), { windowChangelogRetention: '1d' });
    await app.stop();

    const configs = await cluster.admin.describeTopicConfigs(['app-word-counts-changelog', 'app-history-changelog']);
    const windows = configs.get('app-word-counts-changelog');
    expect(windows?.get('cleanup.policy')).toBe('compact,delete');
    expect(Number(windows?.get('retention.ms'))).toBeGreaterThanOrEqual(86_400_000);
    expect(Number(windows?.get('retention.ms'))).toBeLessThan(86_400_100);
    expect(configs.get('app-history-changelog')?.get('min.compaction.lag.ms')).toBe(String(90_000_000));
    await (await apps.start(everything(), { windowChangelogRetention: '1d' })).stop();

    const problems = await problemsOf(apps.start(everything()));
    expect(problems).toEqual([
      expect.stringContaining("topic 'app-word-counts-changelog' has cleanup.policy=compact,delete"),
    ]);
  });
});

describe('the options of an application and what its topologies share', () => {
  it('are refused with everything that is wrong with either', () => {
    const one = new TopologyBuilder('one');
    one.table('words', text('words'), { store: 'rows' });
    const other = new TopologyBuilder('other');
    other.table('left', text('left'), { store: 'rows', engine: 'unknown' });
    other.stream('again', text('words'));

    const make = (): StreamsApp =>
      new StreamsApp({
        applicationId: 'app',
        topologies: [one.build(), other.build()],
        cluster: cluster.options(),
        threads: 0,
      });

    expect(make).toThrow(
      /threads: 0[^]*'unknown'[^]*'words' is read by two[^]*two topologies have a store named 'rows'/,
    );
  });
});
