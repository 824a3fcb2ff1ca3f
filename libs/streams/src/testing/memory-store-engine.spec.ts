import { describe, it } from '@jest/globals';
import { storeEngineContract } from './engine-contract/store-engine-contract.js';
import { MemoryStoreEngine } from './memory-store-engine.js';

describe('MemoryStoreEngine', () => {
  it.each(storeEngineContract)('$title', ({ check }) => check(new MemoryStoreEngine()));
});
