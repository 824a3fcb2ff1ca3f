import { jest } from '@jest/globals';
import { startKafka } from '@millrace/testing/containers';
import { describeClientContract } from './contract/client.contract.js';

// Three brokers take longer to start than the one that the contract allows a minute.
jest.setTimeout(300_000);

describeClientContract('three brokers of Apache Kafka', async ({ transactionVersion }) => {
  const kafka = await startKafka({ brokers: 3, transactionVersion });
  return { bootstrap: kafka.bootstrap, tcpBootstrap: kafka.bootstrap, stop: () => kafka.stop() };
});
