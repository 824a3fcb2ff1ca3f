import { afterAll, beforeAll } from '@jest/globals';
import { ApacheKafkaBrokers } from './apache-kafka-brokers.js';
import { describeTransportContract } from './contract/transport.contract.js';

const kafka = new ApacheKafkaBrokers();
beforeAll(() => kafka.start(), 180_000);
afterAll(() => kafka.stop(), 30_000);

describeTransportContract('Apache Kafka', kafka);
