export { StreamsTestingModule } from './streams-testing.module.js';
export { moduleTopologies, topologyTestDriver } from './topology-test-driver.js';
