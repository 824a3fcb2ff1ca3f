import { describe, expect, it } from '@jest/globals';
import { endAll } from './end-all.js';

describe('ending all', () => {
  const taken: string[] = [];
  const step = (name: string, failure?: Error) => async (): Promise<void> => {
    taken.push(name);
    if (failure !== undefined) throw failure;
  };

  it('takes every step though one fails, and tells its failure', async () => {
    const steps = [step('load'), step('reader', new Error('no JSON')), step('worker')];

    await expect(endAll(steps)).rejects.toThrow(/^no JSON$/);

    expect(taken).toEqual(['load', 'reader', 'worker']);
  });

  it('tells all failures, the first one first', async () => {
    const failures = [new Error('no JSON'), new Error('no folder')];

    await expect(endAll(failures.map((failure) => step('', failure)))).rejects.toMatchObject({
      message: 'Error: no JSON (and 1 more)',
      errors: failures,
    });
  });
});
