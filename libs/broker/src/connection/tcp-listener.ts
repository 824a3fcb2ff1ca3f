import { createServer, type AddressInfo, type Server } from 'node:net';
import { FatalError, type ByteStream } from '@millrace/kernel';
import type { Address } from '../broker-options.js';
import { SocketStream } from './socket-stream.js';

/** Accepts TCP connections. */
export class TcpListener {
  readonly #server: Server;
  readonly address: Address;

  private constructor(server: Server, address: Address) {
    this.#server = server;
    this.address = address;
  }

  /** @throws {FatalError} (stop-app) `MR_BROKER_UNAVAILABLE` when the address cannot be listened on. */
  static open(wanted: Address, accept: (stream: ByteStream, remote: string) => void): Promise<TcpListener> {
    const { host, port } = wanted;
    const server = createServer({ noDelay: true }, (socket) => {
      accept(new SocketStream(socket), socket.remoteAddress ?? 'unknown');
    });
    return new Promise((resolve, reject) => {
      server.once('error', (cause) => {
        const message = `${host}:${port} cannot be listened on; choose another port or stop what uses it`;
        reject(new FatalError('MR_BROKER_UNAVAILABLE', message, { cause }));
      });
      server.listen(port, host, () => {
        resolve(new TcpListener(server, { host, port: (server.address() as AddressInfo).port }));
      });
    });
  }

  /** Stops accepting; resolves when the last connection has ended, so end those first. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
