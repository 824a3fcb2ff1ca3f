import { describe, expect, it } from '@jest/globals';
import { checkCoPartitioning, planDeadLetterTopics, planInternalTopics, type InternalTopic } from './topic-plan.js';

function internal(
  name: string,
  partitionsLike: readonly string[],
  kind: InternalTopic['kind'] = 'repartition',
): InternalTopic {
  return { name, kind, partitionsLike, configs: {} };
}

describe('planInternalTopics', () => {
  it('gives a topic the greatest count of the topics that it follows, also through other internal topics', () => {
    const problems: string[] = [];

    const planned = planInternalTopics(
      [
        internal('app-totals-changelog', ['app-by-carrier-repartition'], 'changelog'),
        internal('app-by-carrier-repartition', ['flights', 'weather']),
      ],
      new Map([
        ['flights', 6],
        ['weather', 2],
      ]),
      problems,
    );

    expect(problems).toEqual([]);
    expect(new Map(planned.map(({ name, partitions }) => [name, partitions]))).toEqual(
      new Map([
        ['app-by-carrier-repartition', 6],
        ['app-totals-changelog', 6],
      ]),
    );
  });

  it('compacts changelogs, and keeps repartitioned records until they were read', () => {
    const counts = new Map([['flights', 1]]);

    const [changelog, repartition] = planInternalTopics(
      [internal('a', ['flights'], 'changelog'), internal('b', ['flights'])],
      counts,
      [],
    );

    expect(changelog?.configs).toEqual({ 'cleanup.policy': 'compact' });
    expect(repartition?.configs).toEqual({ 'cleanup.policy': 'delete', 'retention.ms': '-1' });
  });

  it('lets a count that the developer fixed win', () => {
    const [planned] = planInternalTopics(
      [{ ...internal('a', ['flights']), partitions: 3 }],
      new Map([['flights', 6]]),
      [],
    );

    expect(planned?.partitions).toBe(3);
  });

  it('names every topic whose count cannot be derived', () => {
    const problems: string[] = [];

    planInternalTopics([internal('a', ['missing']), internal('b', ['a'])], new Map(), problems);

    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain("'missing'");
  });
});

describe('planDeadLetterTopics', () => {
  it('gives each source a dead-letter topic with as many partitions, whose records do not expire', () => {
    expect(planDeadLetterTopics(['flights'], new Map([['flights', 6]]))).toEqual([
      { name: 'flights-dlt', partitions: 6, configs: { 'cleanup.policy': 'delete', 'retention.ms': '-1' } },
    ]);
  });
});

describe('checkCoPartitioning', () => {
  it('reports joined topics with different partition counts, and how to mend it', () => {
    const problems: string[] = [];
    const counts = new Map([
      ['left', 6],
      ['right', 3],
      ['other', 1],
    ]);

    checkCoPartitioning([['left', 'right'], ['other']], counts, problems);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/'left' has 6, 'right' has 3.*repartition/);
  });
});
