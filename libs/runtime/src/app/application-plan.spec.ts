import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, int64, topic, utf8, type Topology } from '@millrace/streams';
import { enrichment } from '../../test/flights.js';
import { layOutTasks } from '../assignment/task-layout.js';
import { placementsAmong, planApplication } from './application-plan.js';

const words = topic('words', utf8, utf8);
const counts = topic('counts', utf8, int64);

function countingByValue(name: string, store: string): Topology {
  const t = new TopologyBuilder(name);
  t.idleAdvance('idle', { after: 1_000 });
  t.stream('words', words)
    .groupBy('by-value', (value) => value, utf8)
    .count('count', { store })
    .toStream('counted')
    .to('out', counts);
  return t.build();
}

describe('planApplication', () => {
  it('names topics as they are called in Kafka, and tells what must exist from what is created', () => {
    const problems: string[] = [];

    const plan = planApplication('app', [enrichment()], problems);

    expect(problems).toEqual([]);
    expect(plan.externalTopics.toSorted()).toEqual(['aircraft', 'carriers', 'delays', 'enriched', 'flights']);
    expect(plan.internalTopics.map(({ name }) => name).toSorted()).toEqual([
      'app-by-carrier-repartition',
      'app-delay-sums-changelog',
    ]);
    expect(plan.sourceTopics.toSorted()).toEqual(['aircraft', 'app-by-carrier-repartition', 'flights']);
    expect(plan.globalTopics).toEqual(['carriers']);
  });

  it('lets a part that another one feeds wait longer until it is idle, for what that one emits then', () => {
    const plan = planApplication('app', [countingByValue('words', 'word-counts')], []);

    expect(plan.subTopologies.map(({ idleAfterMs }) => idleAfterMs)).toEqual([1_000, 2_500]);
  });

  it('refuses topologies that share an input or a store', () => {
    const problems: string[] = [];

    planApplication('app', [countingByValue('one', 'counts'), countingByValue('two', 'counts')], problems);

    expect(problems.join('\n')).toMatch(/'words' is read by two/);
    expect(problems.join('\n')).toMatch(/'app-counts-changelog'/);
  });
});

describe('placementsAmong', () => {
  it('gives the tasks all of whose partitions are owned', () => {
    const { subTopologies } = planApplication('app', [enrichment()], []);
    const layouts = subTopologies.map(({ layout }) => layout);
    const partitionCounts = new Map([
      ['flights', 2],
      ['aircraft', 2],
      ['app-by-carrier-repartition', 1],
    ]);
    const tasks = layOutTasks(layouts, partitionCounts);

    const placed = placementsAmong(tasks, [
      { topic: 'flights', partition: 0 },
      { topic: 'aircraft', partition: 0 },
      { topic: 'flights', partition: 1 },
    ]);

    expect(placed.map(({ key }) => key)).toEqual(['enrichment/0_0']);
  });
});
