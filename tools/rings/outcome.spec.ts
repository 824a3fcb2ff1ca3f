import { describe, expect, it } from '@jest/globals';
import { closingLine, closingLines, outcomeOf, type JestReport } from './outcome.mjs';

/** Of two files: what passed, what was skipped, and what is only planned. */
const REPORT: JestReport = {
  numPassedTests: 2,
  numFailedTests: 0,
  numRuntimeErrorTestSuites: 0,
  testResults: [
    {
      name: '/millrace/libs/a/a.int-spec.ts',
      assertionResults: [
        { fullName: 'a store keeps rows', status: 'passed' },
        { fullName: 'a store forgets rows', status: 'pending' },
      ],
    },
    {
      name: '/millrace/libs/b/b.int-spec.ts',
      assertionResults: [
        { fullName: 'a sink writes', status: 'passed' },
        { fullName: 'a sink is empty', status: 'todo' },
      ],
    },
  ],
};
const run = { code: 0, root: '/millrace' };

describe('the outcome of a run', () => {
  it('names what was skipped, with its file', () => {
    expect(outcomeOf(REPORT, run)).toEqual({
      passed: 2,
      failed: 0,
      skipped: ['libs/a/a.int-spec.ts: a store forgets rows', 'libs/b/b.int-spec.ts: a sink is empty'],
    });
  });

  it.each([[['-t', 'FORGETS']], [['-t=forgets']], [['a.int-spec', '--testNamePattern=store f']]])(
    'counts only those as skipped that were asked for: %j',
    (args) => {
      expect(outcomeOf(REPORT, { ...run, args }).skipped).toEqual(['libs/a/a.int-spec.ts: a store forgets rows']);
    },
  );

  it('is a failure when nothing passed, Jest ended badly, a file could not be run, or there is no report', () => {
    expect(outcomeOf({ ...REPORT, numPassedTests: 0 }, run).failed).toBe(1);
    expect(outcomeOf(REPORT, { ...run, code: 1 }).failed).toBe(1);
    expect(outcomeOf({ ...REPORT, numRuntimeErrorTestSuites: 2 }, { ...run, code: 1 }).failed).toBe(2);
    expect(outcomeOf(undefined, { ...run, code: null })).toEqual({ passed: 0, failed: 1, skipped: [] });
  });

  it('is told in one line at the end, as every runner does', () => {
    expect(closingLine({ passed: 12, failed: 1, skipped: 0 })).toBe('12 passed, 1 failed');
    expect(closingLines({ passed: 12, failed: 0, skipped: ['a.int-spec.ts: a store forgets rows'] })).toEqual([
      'SKIPPED a.int-spec.ts: a store forgets rows',
      '12 passed, 0 failed, 1 skipped',
    ]);
  });
});
