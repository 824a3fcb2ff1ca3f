import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a tool of the workspace, not a package
import { startApacheKafka, type ApacheKafka } from '../../../tools/apache-kafka/start-apache-kafka.mjs';
import { clientChannels, type SaslOptions } from '../src/index.js';
import { ContractSession, batchOf, eventually, valuesOf } from './contract/contract-session.js';

const USER = { username: 'millrace', password: 'pa55-w0rd' };
const SESSION_MS = 2_000;

jest.setTimeout(60_000);

describe('a listener of Apache Kafka that asks for SASL', () => {
  let kafka: ApacheKafka;
  beforeAll(async () => {
    const properties = { 'connections.max.reauth.ms': SESSION_MS };
    kafka = await startApacheKafka({ sasl: USER, properties });
  });
  afterAll(() => kafka?.stop());

  const withSession = async (use: (session: ContractSession) => Promise<void>): Promise<void> => {
    const bootstrap = kafka.saslBootstrap;
    const session = new ContractSession({ bootstrap, tcpBootstrap: bootstrap, stop: async () => undefined });
    await use(session).finally(() => session.stop());
  };

  const MECHANISMS: readonly SaslOptions['mechanism'][] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];

  it.each(MECHANISMS)('lets the client in by %s', async (mechanism) => {
    await withSession(async (session) => {
      const { cluster } = await session.cluster({ sasl: { mechanism, ...USER } });
      const topic = await session.topic(cluster);
      const producer = await session.producer(cluster);
      await producer.send(topic, 0, batchOf('let in'));

      expect(valuesOf(await session.read(cluster, topic))).toEqual(['let in']);
    });
  });

  it.each(MECHANISMS)('refuses a wrong password by %s, and the password is in no message', async (mechanism) => {
    await withSession(async (session) => {
      const sasl = { mechanism, username: USER.username, password: 'guessed-it' };
      const refusal = await session.cluster({ sasl }).catch((error: Error) => error);

      expect(refusal).toMatchObject({ code: 'MR_BROKER_REFUSED', disposition: 'stop-app' });
      expect(JSON.stringify(refusal)).not.toContain('guessed-it');
    });
  });

  it('is served without a break although it ends sessions that are not renewed', async () => {
    await withSession(async (session) => {
      const { cluster } = await session.cluster({ sasl: { mechanism: 'SCRAM-SHA-256', ...USER } });
      const topic = await session.topic(cluster);
      const producer = await session.producer(cluster);
      let opened = 0;
      const unsubscribe = clientChannels.connection.subscribe(({ event }) => (opened += event === 'opened' ? 1 : 0));
      const begunMs = performance.now();
      let sent = 0;
      await eventually('three sessions have passed', async () => {
        await producer.send(topic, 0, batchOf(`${sent}`));
        sent++;
        return performance.now() - begunMs > 3 * SESSION_MS;
      });
      unsubscribe();

      expect(valuesOf(await session.read(cluster, topic))).toEqual(
        Array.from({ length: sent }, (_, index) => `${index}`),
      );
      expect(opened).toBeGreaterThanOrEqual(3);
    });
  });
});
