import { describeLifecycle } from './contract/lifecycle.contract.js';
import { embeddedBrokers } from './embedded-brokers.js';

describeLifecycle(embeddedBrokers);
