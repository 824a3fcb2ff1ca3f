import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { TransientError, type ByteStream, type Dialer } from '@millrace/kernel';

/** How a {@link TcpDialer} secures its connections. */
export interface TcpDialerOptions {
  /** TLS settings of Node (`ca`, `cert`, `key`, …); `true` for the machine's own trust store. Default: plain TCP. */
  readonly tls?: true | ConnectionOptions;
}

/** Bytes that Node reads from and buffers for a socket at once. */
const SOCKET_BUFFER_BYTES = 1024 * 1024;

/** Opens TCP or TLS connections: `noDelay`, keep-alive, and reads of up to 1 MiB. */
export class TcpDialer implements Dialer {
  readonly #tls: ConnectionOptions | undefined;

  constructor(options: TcpDialerOptions = {}) {
    this.#tls = options.tls === true ? {} : options.tls;
  }

  dial(host: string, port: number, options: { timeoutMs: number }): Promise<ByteStream> {
    return new Promise((resolve, reject) => {
      const common = { host, port, noDelay: true, keepAlive: true, highWaterMark: SOCKET_BUFFER_BYTES };
      const socket =
        this.#tls === undefined
          ? connectTcp(common)
          : connectTls({ servername: serverName(host), ...this.#tls, ...common });
      const fail = (error: Error): void => {
        socket.destroy();
        reject(error);
      };
      const onError = (cause: Error): void =>
        fail(new TransientError('MR_NETWORK_DISCONNECTED', `${host}:${port} refused the connection`, { cause }));
      socket.setTimeout(options.timeoutMs, () =>
        fail(new TransientError('MR_NETWORK_TIMEOUT', `${host}:${port} did not accept within ${options.timeoutMs} ms`)),
      );
      socket.once('error', onError);
      socket.once(this.#tls === undefined ? 'connect' : 'secureConnect', () => {
        socket.setTimeout(0);
        socket.off('error', onError);
        resolve(new SocketStream(socket));
      });
    });
  }
}

/** Server name indication carries names only. */
function serverName(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}

class SocketStream implements ByteStream {
  readonly #socket: Socket;
  #failure: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (error) => (this.#failure = error));
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (!this.#socket.writable) return false;
    const single = chunks.length === 1 ? chunks[0] : undefined;
    if (single !== undefined) return this.#socket.write(single);
    this.#socket.cork();
    let drained = true;
    for (const chunk of chunks) drained = this.#socket.write(chunk);
    this.#socket.uncork();
    return drained;
  }

  onData(handler: (chunk: Buffer) => void): void {
    this.#socket.on('data', handler);
  }

  onDrain(handler: () => void): void {
    this.#socket.on('drain', handler);
  }

  onClose(handler: (error?: Error) => void): void {
    if (this.#socket.closed) queueMicrotask(() => handler(this.#failure));
    else this.#socket.once('close', () => handler(this.#failure));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(error?: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
  }
}
