import { describe, expect, it } from '@jest/globals';
import { problemsOfFit } from './topic-fit.js';

function problems(wanted: Record<string, string>, found: Record<string, string>, partitions = 2): string[] {
  return problemsOfFit(
    { name: 't', partitions: 2, configs: wanted },
    { partitions, configs: new Map(Object.entries(found)) },
  );
}

const COMPACT = { 'cleanup.policy': 'compact' };
const KEPT = { 'cleanup.policy': 'delete', 'retention.ms': '-1' };
const WINDOWED = { 'cleanup.policy': 'compact,delete', 'retention.ms': '5000' };

describe('an internal topic that exists', () => {
  it.each([
    ['as it was created', COMPACT, { 'cleanup.policy': 'compact', 'retention.ms': '604800000' }],
    [
      'compacted, with deletion that never comes',
      COMPACT,
      { 'cleanup.policy': 'compact,delete', 'retention.ms': '-1' },
    ],
    ['kept for ever', KEPT, KEPT],
    ['of windows, kept longer than asked', WINDOWED, { 'cleanup.policy': 'delete,compact', 'retention.ms': '9000' }],
    ['of windows, never deleted', WINDOWED, COMPACT],
    ['with settings that are not shown', COMPACT, {}],
  ])('fits %s', (_what, wanted, found) => {
    expect(problems(wanted, found as Record<string, string>)).toEqual([]);
  });

  it.each([
    ['a changelog that is not compacted', COMPACT, { 'cleanup.policy': 'delete' }, /cleanup.policy=delete.*compact/],
    [
      'a changelog whose rows are deleted',
      COMPACT,
      { 'cleanup.policy': 'compact,delete', 'retention.ms': '1000' },
      /older than 1000 ms.*set cleanup.policy=compact/,
    ],
    ['a repartition topic that is compacted', KEPT, { 'cleanup.policy': 'compact' }, /records are lost/],
    [
      'a repartition topic that forgets',
      KEPT,
      { 'cleanup.policy': 'delete', 'retention.ms': '1000' },
      /retention.ms=1000.*set retention.ms=-1/,
    ],
    [
      'a changelog of windows that forgets too soon',
      WINDOWED,
      { 'cleanup.policy': 'compact,delete', 'retention.ms': '4999' },
      /set retention.ms=5000/,
    ],
    [
      'a changelog of versions that compacts too soon',
      { ...COMPACT, 'min.compaction.lag.ms': '10' },
      { ...COMPACT, 'min.compaction.lag.ms': '9' },
      /set min.compaction.lag.ms=10/,
    ],
  ])('does not fit: %s', (_what, wanted, found, problem) => {
    const all = problems(wanted, found);

    expect(all).toHaveLength(1);
    expect(all[0]).toMatch(problem);
  });

  it('does not fit with another number of partitions, and all reasons are told', () => {
    expect(problems(COMPACT, { 'cleanup.policy': 'delete' }, 3)).toEqual([
      expect.stringContaining("topic 't' has 3 partitions, but the topology needs 2"),
      expect.stringContaining('cleanup.policy=delete'),
    ]);
  });
});
