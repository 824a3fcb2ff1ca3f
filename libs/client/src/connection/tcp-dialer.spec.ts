import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
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
      received.push(chunk);
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
