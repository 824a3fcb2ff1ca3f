import { describe, expect, it } from '@jest/globals';
import { OPTIONS_OF, titleOf, uselessOptions } from './options.mjs';

describe('the options of a workload', () => {
  it.each(Object.entries(OPTIONS_OF))('of %s are taken', (workload, takes) => {
    expect(uselessOptions(workload, [...takes, 'peer', 'rounds', 'json'])).toBeUndefined();
  });

  it.each([
    ['aggregate', ['handler'], "'aggregate' has no use for --handler: it takes --records, --warm-up"],
    ['enrich', ['rate', 'records', 'minutes'], "'enrich' has no use for --rate, --minutes: it takes --records"],
    ['restore', ['bytes', 'warmUp'], "'restore' has no use for --bytes, --warm-up: it takes --records"],
    ['soak', ['records', 'warmUp'], "'soak' has no use for --records, --warm-up: it takes --minutes"],
  ])('are refused where they would change nothing: %s with %j', (workload, asked, text) => {
    expect(uselessOptions(workload, asked)).toContain(text);
  });
});

describe('the title of a run', () => {
  const settings = { records: 1_000, warmUp: 500, bytes: 200, handler: 'field', commitIntervalMs: 100, rate: 0 };

  it('tells what counts for its workload, and nothing else', () => {
    expect(titleOf('enrich', settings)).toBe(
      'enrich: 1000 records of 200 bytes, the first 500 to warm up, handler: field, commits every 100 ms',
    );
    expect(titleOf('restore', settings)).toBe('restore: 1000 records, commits every 100 ms');
    expect(titleOf('soak', { ...settings, rate: 20, minutes: 10 })).toBe(
      'soak: 1000 records of 200 bytes, commits every 100 ms, 20 events/s, 10 min',
    );
  });
});
