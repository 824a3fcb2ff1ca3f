import { describeTopics } from './contract/topics.contract.js';
import { embeddedBrokers } from './embedded-brokers.js';

describeTopics(embeddedBrokers);
