export {
  TopologyTestDriver,
  type DriverCounters,
  type OutputRecord,
  type TestInput,
  type TestOutput,
  type TopologyTestDriverOptions,
} from './topology-test-driver.js';
export type { DeadLetter, WaitingRecord } from './failed-records.js';
export type { StoreView } from './store-view.js';
