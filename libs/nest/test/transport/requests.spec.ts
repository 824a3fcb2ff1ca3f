import { describeRequests } from './contract/requests.contract.js';
import { embeddedBrokers } from './embedded-brokers.js';

describeRequests(embeddedBrokers);
