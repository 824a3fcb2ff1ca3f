import { describeRetryTopics } from './contract/retry-topics.contract.js';
import { embeddedBrokers } from './embedded-brokers.js';

describeRetryTopics(embeddedBrokers);
