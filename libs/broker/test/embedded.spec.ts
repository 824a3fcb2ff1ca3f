import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedBroker, MemoryDisk } from '../src/index.js';
import { describeBrokerContract } from './contract/broker.contract.js';
import { WireClient } from './wire-client.js';

describeBrokerContract('the embedded broker in memory', async () => {
  const broker = new EmbeddedBroker();
  await broker.start();
  return { connect: () => WireClient.to(broker), stop: () => broker.stop() };
});

describeBrokerContract('the embedded broker on a disk in the heap', async () => {
  const broker = new EmbeddedBroker({ stateDir: 'broker', disk: new MemoryDisk() });
  await broker.start();
  return { connect: () => WireClient.to(broker), stop: () => broker.stop() };
});

describeBrokerContract('the embedded broker on disk over TCP', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-broker-'));
  const broker = new EmbeddedBroker({ stateDir });
  await broker.start();
  const { host, port } = await broker.listen();
  return {
    connect: () => WireClient.overTcp(host, port),
    stop: async () => {
      await broker.stop();
      rmSync(stateDir, { recursive: true });
    },
  };
});
