import { EmbeddedBroker } from '@millrace/broker';
import type { TransportBrokers } from './transport-fixture.js';

/** An embedded broker of its own for each test, on a port. */
export const embeddedBrokers: TransportBrokers = {
  async lend() {
    const broker = new EmbeddedBroker();
    await broker.start();
    const { host, port } = await broker.listen();
    return { bootstrap: `${host}:${port}`, release: () => broker.stop() };
  },
};
