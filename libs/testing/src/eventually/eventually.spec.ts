import { describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';

describe('eventually', () => {
  it('answers what the predicate answered as soon as it holds', async () => {
    let calls = 0;

    const answer = await eventually('three calls', () => (++calls === 3 ? { calls } : undefined), { intervalMs: 1 });

    expect(answer).toEqual({ calls: 3 });
  });

  it('takes an error for "not yet"', async () => {
    let calls = 0;

    const answer = await eventually(
      'no more errors',
      async () => {
        if (++calls < 3) throw new Error('too early');
        return true;
      },
      { intervalMs: 1 },
    );

    expect(answer).toBe(true);
  });

  it('takes 0 and the empty text for answers', async () => {
    await expect(eventually('a number', () => 0)).resolves.toBe(0);
    await expect(eventually('a text', () => '')).resolves.toBe('');
  });

  it('gives up with what was waited for and the last error', async () => {
    const waiting = eventually('the sun rises', () => Promise.reject(new Error('still dark')), {
      timeoutMs: 20,
      intervalMs: 1,
    });

    await expect(waiting).rejects.toThrow(
      /the sun rises: did not become true within 20 ms; last error: Error: still dark/,
    );
  });
});
