export { storeEngineContract } from './engine-contract/store-engine-contract.js';
export type { StoreEngineCase } from './engine-contract/expectation.js';
export { MemoryStoreEngine } from './memory-store-engine.js';
export {
  TopologyTestDriver,
  type DriverCounters,
  type OutputRecord,
  type TestInput,
  type TestOutput,
  type RestartOptions,
  type TopologyTestDriverOptions,
} from './topology-test-driver.js';
export type { DeadLetter, WaitingRecord } from './failed-records.js';
export type { StoreView } from './store-view.js';
