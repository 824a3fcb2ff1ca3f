export { definedTopologies, topologyClasses, type ClassTopology } from './defined-topologies.js';
export { StreamsTestingModule } from './streams-testing.module.js';
export { moduleTopologies, topologyTestDriver } from './topology-test-driver.js';
