import { describeBatches } from './contract/batches.contract.js';
import { embeddedBrokers } from './embedded-brokers.js';

describeBatches(embeddedBrokers);
