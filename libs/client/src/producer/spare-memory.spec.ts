import { describe, expect, it } from '@jest/globals';
import { SpareMemory } from './spare-memory.js';

const MIB = 1024 * 1024;

describe('SpareMemory', () => {
  it('gives memory of the size that is asked for, the last first, and nothing when it has none', () => {
    const spare = new SpareMemory();
    const [first, second, other] = [Buffer.alloc(2, 1), Buffer.alloc(2, 2), Buffer.alloc(1)];
    for (const each of [first, second, other]) spare.give(each);
    expect([spare.take(2), spare.take(2), spare.take(2), spare.take(1)]).toEqual([second, first, undefined, other]);
  });

  it('keeps no more than 16 MiB', () => {
    const spare = new SpareMemory();
    for (let count = 0; count < 5; count++) spare.give(Buffer.allocUnsafeSlow(4 * MIB));
    let kept = 0;
    for (let each = spare.take(4 * MIB); each !== undefined; each = spare.take(4 * MIB)) kept += each.length;
    expect(kept).toBe(16 * MIB);
  });
});
