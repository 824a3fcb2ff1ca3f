import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a client and a database, and loses answers when told to. */
export class LossyProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #armed = false;
  #silent = false;
  /** How many answers were lost: tells that the fault happened. */
  lost = 0;

  constructor(host: string, port: number) {
    this.#server = createServer((client) => this.#serve(client, connect(port, host)));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Loses the answer to the next COMMIT, together with the connection. */
  loseNextCommit(): void {
    this.#armed = true;
  }

  /** Passes on what the client says, and no answer from now on; the connections stay open. */
  fallSilent(): void {
    this.#silent = true;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket, upstream: Socket): void {
    let losing = false;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    client.on('data', (chunk) => {
      if (this.#armed && chunk.includes('COMMIT')) {
        this.#armed = false;
        losing = true;
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (losing) {
        this.lost++;
        end();
      } else if (!this.#silent) {
        client.write(chunk);
      }
    });
  }
}
