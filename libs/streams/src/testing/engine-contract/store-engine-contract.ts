import { byteCases } from './byte-cases.js';
import type { StoreEngineCase } from './expectation.js';
import { storeCasesOf } from './store-cases.js';

/**
 * What a {@link StoreEngine} must do, for the tests of a plug-in with any test runner. Each case wants an engine that has kept nothing
 * yet:
 *
 * ```ts
 * it.each(storeEngineContract)('$title', ({ check }) => check(new MyEngine(emptyDirectory())));
 * ```
 */
export const storeEngineContract: readonly StoreEngineCase[] = [...byteCases, ...storeCasesOf(11)];
