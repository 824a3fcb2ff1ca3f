// eslint-disable-next-line @nx/enforce-module-boundaries -- a tool of the workspace, not a package
import { startApacheKafka } from '../../../tools/apache-kafka/start-apache-kafka.mjs';
import { describeBrokerContract } from './contract/broker.contract.js';
import { WireClient } from './wire-client.js';

describeBrokerContract('Apache Kafka', async () => {
  const properties = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': 200 };
  const { bootstrap, stop } = await startApacheKafka({ properties });
  const [host, port] = bootstrap[0]!.split(':') as [string, string];
  return { connect: () => WireClient.overTcp(host, Number(port)), stop };
});
