export { TopologyTestDriver, type OutputRecord, type TopologyTestDriverOptions } from './topology-test-driver.js';
