import type { Socket } from 'node:net';
import type { ByteStream } from '@millrace/kernel';

/** A TCP socket as a {@link ByteStream}. */
export class SocketStream implements ByteStream {
  readonly #socket: Socket;
  #failure: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', (failure) => (this.#failure = failure));
  }

  write(chunks: readonly Uint8Array[]): boolean {
    let takesMore = true;
    // Corked, so that all chunks of a response leave with one system call.
    this.#socket.cork();
    for (const chunk of chunks) takesMore = this.#socket.write(chunk);
    this.#socket.uncork();
    return takesMore;
  }

  onData(handler: (chunk: Buffer) => void): void {
    this.#socket.on('data', handler);
  }

  onDrain(handler: () => void): void {
    this.#socket.on('drain', handler);
  }

  onClose(handler: (error?: Error) => void): void {
    this.#socket.on('close', () => handler(this.#failure));
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
    this.#socket.destroy(error);
  }
}
