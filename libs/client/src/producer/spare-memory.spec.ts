import { describe, expect, it } from '@jest/globals';
import { SpareMemory } from './spare-memory.js';

const MIB = 1024 * 1024;

describe('SpareMemory', () => {
  it('gives what it was given, the last first, and nothing when it has none', () => {
    const spare = new SpareMemory();
    const [first, second] = [Buffer.alloc(1), Buffer.alloc(2)];
    spare.give(first);
    spare.give(second);
    expect([spare.take(), spare.take(), spare.take()]).toEqual([second, first, undefined]);
  });

  it('keeps no more than 16 MiB', () => {
    const spare = new SpareMemory();
    for (let count = 0; count < 5; count++) spare.give(Buffer.allocUnsafeSlow(4 * MIB));
    let kept = 0;
    for (let each = spare.take(); each !== undefined; each = spare.take()) kept += each.length;
    expect(kept).toBe(16 * MIB);
  });
});
