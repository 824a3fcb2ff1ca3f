import { describeEvents } from './contract/events.contract.js';
import { embeddedBrokers } from './embedded-brokers.js';

describeEvents(embeddedBrokers);
