import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type SecureContext } from 'node:tls';
import { TransientError, type ByteStream, type Dialer } from '@millrace/kernel';
import { secureContextOf } from './tls-material.js';
import { tlsRefusal } from './tls-refusal.js';

/** How a {@link TcpDialer} secures its connections. */
export interface TcpDialerOptions {
  /** TLS settings of Node (`ca`, `cert`, `key`, …); `true` for the machine's own trust store. Default: plain TCP. */
  readonly tls?: true | ConnectionOptions;
}

/** What one read takes from a socket at most: the memory that each connection reads into again and again. */
const READ_BYTES = 256 * 1024;
/** What is queued for a socket before `write` says that the other side is slow. */
const WRITE_BUFFER_BYTES = 1024 * 1024;

/**
 * Opens TCP or TLS connections: `noDelay`, keep-alive, and reads of up to 256 KiB.
 *
 * What TLS refuses for good is a {@link FatalError} (stop-app) `MR_TLS_REFUSED`, and so are certificates and keys that cannot be used.
 * With TLS 1.3 a client has ended its handshake before the broker looks at its certificate, so that a refusal may come later, as the
 * error of `onClose`.
 */
export class TcpDialer implements Dialer {
  readonly #tls: ConnectionOptions | undefined;
  /** What is the same for all connections: certificates and keys are read once. */
  #secureContext: SecureContext | undefined;

  constructor(options: TcpDialerOptions = {}) {
    this.#tls = options.tls === true ? {} : options.tls;
  }

  dial(host: string, port: number, options: { timeoutMs: number }): Promise<ByteStream> {
    return new Promise((resolve, reject) => {
      const security = this.#security(host, port);
      const reads = new SocketReads();
      const common = {
        host,
        port,
        noDelay: true,
        keepAlive: true,
        highWaterMark: WRITE_BUFFER_BYTES,
        onread: { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback: reads.take },
      };
      const socket =
        security === undefined
          ? connectTcp(common)
          : connectTls({ servername: serverName(host), ...security, ...common });
      const fail = (error: Error): void => {
        socket.destroy();
        reject(error);
      };
      const onError = (cause: Error): void =>
        fail(
          tlsRefusal(cause, host, port) ??
            new TransientError('MR_NETWORK_DISCONNECTED', `${host}:${port} refused the connection`, { cause }),
        );
      socket.setTimeout(options.timeoutMs, () =>
        fail(new TransientError('MR_NETWORK_TIMEOUT', `${host}:${port} did not accept within ${options.timeoutMs} ms`)),
      );
      socket.once('error', onError);
      socket.once(security === undefined ? 'connect' : 'secureConnect', () => {
        socket.setTimeout(0);
        socket.off('error', onError);
        resolve(new SocketStream(socket, reads, (error) => tlsRefusal(error, host, port) ?? error));
      });
    });
  }

  /** @throws {FatalError} (stop-app) `MR_TLS_REFUSED` for certificates and keys that cannot be used. */
  #security(host: string, port: number): ConnectionOptions | undefined {
    if (this.#tls === undefined) return undefined;
    this.#secureContext ??= this.#tls.secureContext ?? secureContextOf(this.#tls, { host, port });
    return { ...this.#tls, secureContext: this.#secureContext };
  }
}

/** Server name indication carries names only. */
function serverName(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}

/** Hands on what a socket has read into its buffer; what comes before anybody listens is kept. */
class SocketReads {
  #handler: ((chunk: Buffer) => void) | undefined;
  #early: Buffer[] = [];

  /** For Node's `onread`: true, to go on reading. */
  readonly take = (bytes: number, buffer: Uint8Array): boolean => {
    const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, bytes);
    if (this.#handler === undefined) this.#early.push(Buffer.from(chunk));
    else this.#handler(chunk);
    return true;
  };

  handOnTo(handler: (chunk: Buffer) => void): void {
    this.#handler = handler;
    for (const chunk of this.#early.splice(0)) handler(chunk);
  }
}

class SocketStream implements ByteStream {
  readonly #socket: Socket;
  readonly #reads: SocketReads;
  #failure: Error | undefined;

  /** @param told What `onClose` is told of an error of the socket. */
  constructor(socket: Socket, reads: SocketReads, told: (error: Error) => Error) {
    this.#socket = socket;
    this.#reads = reads;
    socket.on('error', (error) => (this.#failure = told(error)));
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
    this.#reads.handOnTo(handler);
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
