import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { storeEngineContract } from './engine-contract/store-engine-contract.js';
import { storeCasesOf } from './engine-contract/store-cases.js';
import { MemoryStoreEngine } from './memory-store-engine.js';

describe('MemoryStoreEngine', () => {
  it.each(storeEngineContract)('$title', ({ check }) => check(new MemoryStoreEngine()));

  it.each([...storeCasesOf(0).keys()])('does so whatever is written and when the process ends: case %s', (nth) => {
    const seeds = fc.property(fc.integer({ min: 1 }), (seed) =>
      storeCasesOf(seed)[nth]?.check(new MemoryStoreEngine()),
    );
    fc.assert(seeds, { numRuns: 2 });
  });
});
