import { EmbeddedBroker } from '@millrace/broker';
import { describeClientContract } from './contract/client.contract.js';

describeClientContract('the embedded broker, in memory', async ({ transactionVersion }) => {
  const broker = new EmbeddedBroker({ transactionVersion });
  await broker.start();
  const { host, port } = await broker.listen({});
  const address = [`${host}:${port}`];
  return { bootstrap: address, tcpBootstrap: address, dialer: broker.dialer(), stop: () => broker.stop() };
});
