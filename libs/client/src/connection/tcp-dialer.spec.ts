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
