export {
  TopologyTestDriver,
  type OutputRecord,
  type TestInput,
  type TestOutput,
  type TopologyTestDriverOptions,
} from './topology-test-driver.js';
export type { StoreView } from './store-view.js';
