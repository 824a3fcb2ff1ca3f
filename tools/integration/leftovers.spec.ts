import { describe, expect, it } from '@jest/globals';
import { leftovers } from './leftovers.mjs';

describe('what a run has left', () => {
  it('are containers and networks that had to be swept, and volumes that were not there before', () => {
    const swept = { containers: ['brave_kafka'], networks: ['millrace-7-1'] };

    expect(leftovers(swept, { before: ['old'], after: ['new', 'old'] })).toEqual([
      'container brave_kafka',
      'network millrace-7-1',
      'volume new',
    ]);
  });

  it('is nothing where all was removed, whatever others had left before', () => {
    expect(leftovers({ containers: [], networks: [] }, { before: ['old', 'older'], after: ['old'] })).toEqual([]);
  });
});
