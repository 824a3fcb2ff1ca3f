// eslint-disable-next-line @nx/enforce-module-boundaries -- a tool of the workspace, not a package
import { startApacheKafka } from '../../../tools/apache-kafka/start-apache-kafka.mjs';
import { describeClientContract } from './contract/client.contract.js';

describeClientContract('Apache Kafka', async ({ transactionVersion }) => {
  const { bootstrap, stop } = await startApacheKafka({ transactionVersion });
  return { bootstrap, tcpBootstrap: bootstrap, stop };
});
