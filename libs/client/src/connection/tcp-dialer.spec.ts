import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type ConnectionOptions, type TlsOptions } from 'node:tls';
import { inspect } from 'node:util';
import { isMillraceError } from '@millrace/kernel';
import { CertificateAuthority, type CertificateSubject, type IssuedCertificate } from '@millrace/testing/tls';
import { Cluster } from '../cluster/cluster.js';
import { TcpDialer } from './tcp-dialer.js';

const servers: Server[] = [];

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const echo = (socket: Socket): void => void socket.on('error', () => socket.destroy()).pipe(socket);

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe('TcpDialer', () => {
  it('carries bytes both ways and reports the end once', async () => {
    const stream = await new TcpDialer().dial('127.0.0.1', await listening(createServer(echo)), { timeoutMs: 1_000 });
    const closed = Promise.withResolvers<Error | undefined>();
    const arrived = Promise.withResolvers<void>();
    const received: Buffer[] = [];
    stream.onClose(closed.resolve);
    stream.onData((chunk) => {
      received.push(Buffer.from(chunk));
      if (Buffer.concat(received).length === 9) arrived.resolve();
    });

    stream.write([Buffer.from('one'), Buffer.from('two')]);
    stream.write([Buffer.from('six')]);
    await arrived.promise;
    stream.end();

    expect(Buffer.concat(received).toString()).toBe('onetwosix');
    expect(await closed.promise).toBeUndefined();
    expect(stream.write([Buffer.from('late')])).toBe(false);
  });

  it('hands on what comes before anybody listens, holds back while it is paused, and reports that the other side has ended', async () => {
    const greeting = createServer((socket) => socket.on('error', () => socket.destroy()).end('hello'));
    const stream = await new TcpDialer().dial('127.0.0.1', await listening(greeting), { timeoutMs: 1_000 });
    const closed = Promise.withResolvers<Error | undefined>();
    const arrived = Promise.withResolvers<string>();
    stream.onClose(closed.resolve);
    stream.onData((chunk) => arrived.resolve(chunk.toString()));
    expect(await arrived.promise).toBe('hello');
    expect(await closed.promise).toBeUndefined();

    const slow = await new TcpDialer().dial('127.0.0.1', await listening(createServer(echo)), { timeoutMs: 1_000 });
    let received = 0;
    const all = Promise.withResolvers<void>();
    slow.onClose(() => undefined);
    slow.onData((chunk) => {
      received += chunk.length;
      if (received === 3_000_000) all.resolve();
      slow.pause();
      const seen = received;
      setImmediate(() => {
        expect(received).toBe(seen);
        slow.resume();
      });
    });
    slow.write([Buffer.alloc(3_000_000)]);
    await all.promise;
    slow.destroy();
  });

  it('says that nobody listens', async () => {
    const port = await listening(createServer());
    await new Promise((resolve) => servers.pop()?.close(resolve));

    await expect(new TcpDialer().dial('127.0.0.1', port, { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'MR_NETWORK_DISCONNECTED',
      disposition: 'retry',
    });
  });

  it('gives up on a server that accepts but never speaks TLS', async () => {
    const port = await listening(createServer((socket) => socket.on('error', () => socket.destroy())));

    await expect(new TcpDialer({ tls: true }).dial('127.0.0.1', port, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'MR_NETWORK_TIMEOUT',
    });
  });

  it('encrypts when it is told how', async () => {
    const psk = Buffer.alloc(32, 7);
    const shared = { ciphers: 'PSK', maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const;
    const server = createTlsServer({ ...shared, pskCallback: () => psk }, (socket) => echo(socket));
    const port = await listening(server);
    const tls = { ...shared, pskCallback: () => ({ psk, identity: 'spec' }), checkServerIdentity: () => undefined };

    const stream = await new TcpDialer({ tls }).dial('127.0.0.1', port, { timeoutMs: 5_000 });
    const answer = new Promise<string>((resolve) => stream.onData((chunk) => resolve(chunk.toString())));
    stream.onClose(() => undefined);
    stream.write([Buffer.from('secret')]);

    expect(await answer).toBe('secret');
    stream.destroy();
  });
});

describe('TcpDialer, where TLS does not come about', () => {
  let authority: CertificateAuthority;
  let client: IssuedCertificate;
  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    client = await authority.issue({ commonName: 'app' });
  });

  const HOUR_MS = 3_600_000;
  const inHours = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);

  async function brokerWith(subject: Partial<CertificateSubject>, options: TlsOptions = {}): Promise<number> {
    const issued = await authority.issue({ commonName: 'broker', addresses: ['127.0.0.1'], ...subject });
    const server = createTlsServer({ key: issued.key, cert: issued.chain, ...options }, (socket) => echo(socket));
    return listening(server.on('tlsClientError', () => undefined));
  }

  /** What a caller hears who dials, sends and waits for an answer: some refusals come only after the handshake. */
  async function refusal(port: number, tls: ConnectionOptions): Promise<Error> {
    try {
      const stream = await new TcpDialer({ tls }).dial('127.0.0.1', port, { timeoutMs: 5_000 });
      return await new Promise((resolve, reject) => {
        stream.onClose((error) => resolve(error ?? new Error('ended in order')));
        stream.onData(() => {
          reject(new Error('it was let in'));
          stream.destroy();
        });
        stream.write([Buffer.from('hello')]);
      });
    } catch (error) {
      return error as Error;
    }
  }

  function expectFatal(error: Error, port: number, ...words: readonly RegExp[]): void {
    expect(error).toMatchObject({ code: 'MR_TLS_REFUSED', disposition: 'stop-app' });
    expect(error.message).toContain(`127.0.0.1:${port}`);
    for (const each of words) expect(error.message).toMatch(each);
    expect(error.message + JSON.stringify(error)).not.toMatch(/BEGIN|PRIVATE/);
  }

  it('names an authority that nobody has told it of, and where to give it', async () => {
    const port = await brokerWith({});
    const other = await CertificateAuthority.create('another');

    expectFatal(await refusal(port, { ca: other.certificate }), port, /authority that is not trusted/, /`tls\.ca`/);
    expectFatal(await refusal(port, {}), port, /authority that is not trusted/, /`tls\.ca`/);
  });

  it('names it too where the broker sends its own certificate without that of the authority', async () => {
    const issued = await authority.issue({ commonName: 'broker', addresses: ['127.0.0.1'] });
    const cert = issued.chain.slice(0, issued.chain.indexOf('-----END CERTIFICATE-----') + 25);
    const port = await brokerWith({}, { key: issued.key, cert });

    const error = await refusal(port, {});
    expectFatal(error, port, /authority that is not trusted/, /`tls\.ca`/);
    expect(error).toMatchObject({ place: { reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } });
  });

  it('names the host that a certificate is not for, and those that it is for', async () => {
    const port = await brokerWith({ addresses: [], dnsNames: ['kafka-1', 'kafka-1.example'] });
    const ca = authority.certificate;

    expectFatal(
      await refusal(port, { ca }),
      port,
      /not for 127\.0\.0\.1/,
      /DNS:kafka-1, DNS:kafka-1\.example/,
      /advertised/,
    );
    expectFatal(await refusal(port, { ca, servername: 'kafka-2' }), port, /not for kafka-2/);
  });

  it('says that a certificate has expired, or is not valid yet', async () => {
    const expired = await brokerWith({ notBefore: inHours(-2), notAfter: inHours(-1) });
    const early = await brokerWith({ notBefore: inHours(1), notAfter: inHours(2) });
    const ca = authority.certificate;

    expectFatal(await refusal(expired, { ca }), expired, /expired/, /renew/);
    expectFatal(await refusal(early, { ca }), early, /not valid yet/, /clock/);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'says that the broker demands a certificate of the client, which a server of %s does',
    async (version) => {
      const ca = authority.certificate;
      const mutual: TlsOptions = { requestCert: true, ca, minVersion: version, maxVersion: version };
      const port = await brokerWith({}, mutual);
      expectFatal(await refusal(port, { ca }), port, /certificate of the client/, /`tls\.cert` and `tls\.key`/);
      expect(await refusal(port, { ca, key: client.key, cert: client.chain })).toEqual(new Error('it was let in'));
    },
  );

  it('tries again what ends for another reason', async () => {
    const port = await listening(createServer((socket) => socket.destroy()));

    const error = await refusal(port, {});
    expect(isMillraceError(error) && error.code).toBe('MR_NETWORK_DISCONNECTED');
    expect(error).toMatchObject({ disposition: 'retry' });
  });
});

describe('TcpDialer, told of certificates and keys that cannot be used', () => {
  let authority: string;
  let client: IssuedCertificate;
  let another: IssuedCertificate;
  let encrypted: string;
  beforeAll(async () => {
    const issuer = await CertificateAuthority.create();
    authority = issuer.certificate;
    client = await issuer.issue({ commonName: 'app' });
    another = await issuer.issue({ commonName: 'another' });
    const lock = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' } as const;
    encrypted = createPrivateKey(client.key).export(lock).toString();
  });

  const damaged = (pem: string): string => pem.replace(/(-----\n)[^]{40}/, `$1${'?'.repeat(40)}`);
  const cutOff = (pem: string): string => pem.slice(0, 200);

  it.each<[string, string, () => ConnectionOptions, RegExp]>([
    ['an authority as a path', 'ca', () => ({ ca: '/etc/kafka/ca.pem' }), /contents.*not its path/],
    ['a damaged authority', 'ca', () => ({ ca: damaged(authority) }), /cannot be read/],
    ['an authority of many that is cut off', 'ca', () => ({ ca: [authority, cutOff(authority)] }), /cannot be read/],
    ['an authority behind another one', 'ca', () => ({ ca: authority + damaged(authority) }), /cannot be read/],
    ['a key as an authority', 'ca', () => ({ ca: Buffer.from(client.key) }), /cannot be read/],
    ['a certificate as a path', 'cert', () => ({ cert: '/app.pem', key: client.key }), /contents.*not its path/],
    ['a damaged certificate', 'cert', () => ({ cert: damaged(client.chain), key: client.key }), /cannot be read/],
    ['a key as a path', 'key', () => ({ cert: client.chain, key: '/app.key' }), /contents.*not its path/],
    ['a damaged key', 'key', () => ({ cert: client.chain, key: damaged(client.key) }), /cannot be read/],
    ['a certificate as a key', 'key', () => ({ cert: client.chain, key: client.chain }), /cannot be read/],
    ['the key of another', 'key', () => ({ cert: client.chain, key: another.key }), /not the key of `tls\.cert`/],
    ['a locked key', 'key', () => ({ cert: client.chain, key: encrypted }), /`tls\.passphrase`/],
    [
      'a locked key with another passphrase',
      'key',
      () => ({ cert: client.chain, key: encrypted, passphrase: 'wrong-one' }),
      /`tls\.passphrase`/,
    ],
    ['a keystore that is none', 'pfx', () => ({ pfx: Buffer.from('keystore') }), /PKCS #12/],
    ['a cipher that nobody has', 'TLS settings', () => ({ ciphers: 'NONSENSE' }), /ERR_SSL_NO_CIPHER_MATCH/],
  ])('is fatal before it connects, and names the setting and the remedy: %s', async (_, setting, tls, words) => {
    let connections = 0;
    const port = await listening(createServer(() => connections++));

    const dialed = new TcpDialer({ tls: tls() }).dial('127.0.0.1', port, { timeoutMs: 5_000 });
    const error = (await dialed.catch((reason: unknown) => reason)) as Error;

    expect(error).toMatchObject({
      code: 'MR_TLS_REFUSED',
      disposition: 'stop-app',
      place: { host: '127.0.0.1', port },
    });
    expect(error.message).toMatch(words);
    expect(error.message).toContain(setting.includes(' ') ? setting : `\`tls.${setting}\``);
    expect(inspect(error)).not.toMatch(/BEGIN|PRIVATE|wrong-one|app\.(pem|key)|ca\.pem/);
    expect(connections).toBe(0);
  });

  it('ends the start of a cluster at once', async () => {
    const port = await listening(createServer());
    const dialer = new TcpDialer({ tls: { ca: 'none' } });
    const cluster = new Cluster({ bootstrap: [`127.0.0.1:${port}`], clientId: 'spec', dialer });

    await expect(cluster.start()).rejects.toMatchObject({ code: 'MR_TLS_REFUSED', disposition: 'stop-app' });
  });

  it('takes what is right: a locked key with its passphrase, several authorities, text around them', async () => {
    const cert = client.chain;
    const server = createTlsServer({ key: client.key, cert, requestCert: true, ca: authority }, (socket) =>
      echo(socket),
    );
    const port = await listening(server);
    const ca = [`# the first\n${authority}\n# the second\n${authority}`, Buffer.from(authority)];
    const tls = { ca, cert, key: encrypted, passphrase: 'right', checkServerIdentity: () => undefined };

    const dialer = new TcpDialer({ tls });
    for (let connection = 0; connection < 2; connection++) {
      const stream = await dialer.dial('127.0.0.1', port, { timeoutMs: 5_000 });
      const answer = new Promise<string>((resolve) => stream.onData((chunk) => resolve(chunk.toString())));
      stream.onClose(() => undefined);
      stream.write([Buffer.from('secret')]);
      expect(await answer).toBe('secret');
      stream.destroy();
    }
  });
});
