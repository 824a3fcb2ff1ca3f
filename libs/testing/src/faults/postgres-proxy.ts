import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { PostgresFrames, saysCommitted, sqlOf } from './postgres-frames.js';

/** What becomes of a COMMIT's answer: `reset` takes the connection with it, `withhold` leaves it open and silent. */
type CommitFault = 'reset' | 'withhold';

interface ArmedFault {
  readonly fault: CommitFault;
  /** Told once the database has answered. */
  readonly struck: () => void;
}

/**
 * Stands between clients and a PostgreSQL without encryption, reads what they say to each other, and takes away the answers to
 * COMMITs: the database has committed, and the client cannot know.
 */
export class PostgresProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #armed: ArmedFault[] = [];
  #statement = /^/;
  #holding: { readonly statement: RegExp; readonly struck: () => void } | undefined;
  #taken = 0;
  #isSilent = false;

  /** @param upstream `host:port` of the database or of a proxy before it; asked for with each connection. */
  private constructor(upstream: () => string) {
    this.#server = createServer((client) => {
      const [host, port] = upstream().split(':') as [string, string];
      this.#serve(client, connect(Number(port), host));
    });
  }

  static async open(upstream: () => string): Promise<PostgresProxy> {
    const proxy = new PostgresProxy(upstream);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** `host:port` for the clients. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many answers were taken away: proves that the fault struck. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes away the answers to the next COMMITs and resets their connections.
   *
   * @param statement Only transactions count in which a statement like this was sent.
   * @returns once as many have struck.
   */
  async loseCommits(times: number, statement: RegExp): Promise<void> {
    this.#statement = statement;
    const struck = Array.from(
      { length: times },
      () => new Promise<void>((resolve) => void this.#armed.push({ fault: 'reset', struck: resolve })),
    );
    await Promise.all(struck);
  }

  /** Takes away the answer to the next such COMMIT and leaves the connection open. @returns once the database has committed. */
  withholdCommit(statement: RegExp): Promise<void> {
    this.#statement = statement;
    return new Promise((resolve) => void this.#armed.push({ fault: 'withhold', struck: resolve }));
  }

  /**
   * Holds back the next statement like this and all that its client says after it: a transaction that is open stays open.
   *
   * @returns once one is held.
   */
  holdBack(statement: RegExp): Promise<void> {
    return new Promise((resolve) => void (this.#holding = { statement, struck: resolve }));
  }

  /** Passes on what clients say, and no answer from now on; the connections stay open. */
  fallSilent(): void {
    this.#isSilent = true;
  }

  /** Ends all connections and refuses new ones. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #serve(client: Socket, upstream: Socket): void {
    const requests = new PostgresFrames('client');
    const answers = new PostgresFrames('server');
    let isMeant = false;
    let isSilent = false;
    let isHeld = false;
    const end = (): void => {
      for (const socket of [client, upstream]) {
        socket.destroy();
        this.#sockets.delete(socket);
      }
    };
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    client.on('data', (chunk) => {
      for (const frame of requests.push(chunk)) {
        const sql = sqlOf(frame) ?? '';
        if (this.#armed.length > 0 && this.#statement.test(sql)) isMeant = true;
        if (this.#holding?.statement.test(sql) === true) {
          isHeld = true;
          this.#holding.struck();
          this.#holding = undefined;
        }
        if (!isHeld) upstream.write(frame.bytes);
      }
    });
    upstream.on('data', (chunk) => {
      for (const frame of answers.push(chunk)) {
        if (isSilent || this.#isSilent) return;
        const armed = isMeant && saysCommitted(frame) ? this.#armed.shift() : undefined;
        if (armed === undefined) {
          client.write(frame.bytes);
          continue;
        }
        this.#taken++;
        isSilent = true;
        if (armed.fault === 'reset') client.resetAndDestroy();
        armed.struck();
      }
    });
  }
}
