import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a tool of the workspace, not a package
import { startApacheKafka, type ApacheKafka } from '../../../tools/apache-kafka/start-apache-kafka.mjs';
import type { ConnectionOptions } from 'node:tls';
import { CertificateAuthority, type IssuedCertificate } from '@millrace/testing/tls';
import { Cluster, TcpDialer, clientChannels, type SaslOptions } from '../src/index.js';
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

describe('listeners of Apache Kafka with TLS', () => {
  let kafka: ApacheKafka;
  let authority: CertificateAuthority;
  let other: CertificateAuthority;
  let client: IssuedCertificate;
  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    other = await CertificateAuthority.create('another authority');
    client = await authority.issue({ commonName: 'app' });
    const broker = { commonName: 'broker', addresses: ['127.0.0.1'] };
    const issued = await authority.issue(broker);
    const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * 3_600_000);
    kafka = await startApacheKafka({
      sasl: USER,
      tls: {
        TLS: issued,
        LOGIN: { ...issued, sasl: true },
        ELSEWHERE: await authority.issue({ commonName: 'broker', dnsNames: ['kafka.example'] }),
        EXPIRED: await authority.issue({ ...broker, notBefore: hoursAgo(2), notAfter: hoursAgo(1) }),
        MUTUAL: { ...issued, clientAuthority: authority.certificate },
      },
    });
  });
  afterAll(() => kafka?.stop());

  /** Sends a record and reads it back. */
  async function roundTrip(listener: string, tls: ConnectionOptions, sasl?: SaslOptions): Promise<readonly unknown[]> {
    const bootstrap = kafka.tlsBootstrap(listener);
    const dialer = new TcpDialer({ tls: { ca: authority.certificate, ...tls } });
    const session = new ContractSession({ bootstrap, tcpBootstrap: bootstrap, dialer, stop: async () => undefined });
    try {
      const { cluster } = await session.cluster(sasl === undefined ? {} : { sasl });
      const topic = await session.topic(cluster);
      const producer = await session.producer(cluster);
      await producer.send(topic, 0, batchOf('let in'));
      return valuesOf(await session.read(cluster, topic));
    } finally {
      await session.stop();
    }
  }

  /** What the start of a cluster ends with, and how often it tried again before. */
  async function refusal(listener: string, tls: ConnectionOptions): Promise<{ error: unknown; retries: number }> {
    const bootstrap = kafka.tlsBootstrap(listener);
    const dialer = new TcpDialer({ tls: { ca: authority.certificate, ...tls } });
    const cluster = new Cluster({ bootstrap, clientId: 'refused', dialer, requestTimeoutMs: 30_000 });
    let retries = 0;
    const unsubscribe = clientChannels.retry.subscribe(() => (retries += 1));
    try {
      const error = await cluster.start().then(
        () => cluster.stop(),
        (reason: unknown) => reason,
      );
      return { error, retries };
    } finally {
      unsubscribe();
    }
  }

  const fatal = (listener: string, words: RegExp): object => ({
    code: 'MR_TLS_REFUSED',
    disposition: 'stop-app',
    message: expect.stringMatching(new RegExp(`${kafka.tlsBootstrap(listener)[0]}: .*${words.source}`)),
  });

  it('let in a client that trusts their authority', async () => {
    expect(await roundTrip('TLS', {})).toEqual(['let in']);
  });

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)('let users in by %s over TLS', async (mechanism) => {
    expect(await roundTrip('LOGIN', {}, { mechanism, ...USER })).toEqual(['let in']);
  });

  it('end the start of a client that does not know their authority, without a second try', async () => {
    for (const tls of [{ ca: other.certificate }, { ca: undefined }]) {
      const { error, retries } = await refusal('TLS', tls);

      expect(error).toMatchObject(fatal('TLS', /not trusted.*`tls\.ca`/));
      expect(retries).toBe(0);
    }
  });

  it('end the start of a client that reaches them by a name that their certificate has not, without a second try', async () => {
    const { error, retries } = await refusal('ELSEWHERE', {});

    expect(error).toMatchObject(
      fatal('ELSEWHERE', /DNS:kafka\.example, not for 127\.0\.0\.1; .*advertised\.listeners/),
    );
    expect(retries).toBe(0);
    expect(await roundTrip('ELSEWHERE', { servername: 'kafka.example' })).toEqual(['let in']);
  });

  it('end the start of a client when their certificate has expired, without a second try', async () => {
    const { error, retries } = await refusal('EXPIRED', {});

    expect(error).toMatchObject(fatal('EXPIRED', /expired; renew/));
    expect(retries).toBe(0);
  });

  it('end the start of a client that has not the certificate that they demand', async () => {
    const stranger = await other.issue({ commonName: 'app' });

    for (const tls of [{}, { key: stranger.key, cert: stranger.chain }]) {
      const { error } = await refusal('MUTUAL', tls);

      expect(error).toMatchObject(fatal('MUTUAL', /certificate of the client.*`tls\.cert` and `tls\.key`/));
      expect(JSON.stringify(error)).not.toContain('PRIVATE');
    }
    expect(await roundTrip('MUTUAL', { key: client.key, cert: client.chain })).toEqual(['let in']);
  });
});
