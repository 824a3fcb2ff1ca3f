import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as far as faults tell requests apart. */
export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
}

/** A request and what the client was answered. */
export interface ProxiedExchange extends ProxiedRequest {
  /** Undefined while there is no answer. */
  status?: number;
}

/** Which requests fail, and how. */
export interface HttpFault {
  readonly of: (request: ProxiedRequest) => boolean;
  /**
   * What the client is answered. `silence`: nothing, and the connection stays open. `late`: what the service says, once {@link HttpProxy.release}
   * has let the request or its answer go on.
   */
  readonly answer: 500 | 503 | 'silence' | 'late';
  /** `before`: the service never gets the request. `after`: it does what was asked, and its answer is lost. */
  readonly when: 'before' | 'after';
  /** Strikes the `nth` of these requests, counted from when the fault was set. Default 1. */
  readonly nth?: number;
  /** How many in a row from there. Default 1. */
  readonly times?: number;
}

interface ArmedFault extends HttpFault {
  met: number;
  struck: number;
}

/** Stands between clients and an HTTP service, and fails what it is told to. Passes everything else on unchanged, signatures stay valid. */
export class HttpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #upstream: () => string;
  readonly #seen: ProxiedExchange[] = [];
  readonly #held: (() => void)[] = [];
  #faults: ArmedFault[] = [];

  private constructor(upstream: () => string) {
    this.#upstream = upstream;
    this.#server = createServer((incoming, answer) => {
      this.#serve(incoming, answer).catch((error: unknown) => answer.destroy(error as Error));
    });
  }

  /** @param upstream `host:port` of the service; asked for with each request. */
  static async open(upstream: () => string): Promise<HttpProxy> {
    const proxy = new HttpProxy(upstream);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** `http://host:port` for the clients. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The requests so far, in the order in which they came. */
  get seen(): readonly Readonly<ProxiedExchange>[] {
    return this.#seen;
  }

  /** Sets a fault. @returns how often it has struck so far, whenever it is asked: proves that it did. */
  fail(fault: HttpFault): () => number {
    const armed: ArmedFault = { ...fault, met: 0, struck: 0 };
    this.#faults.push(armed);
    return () => armed.struck;
  }

  /** Lets go on what was held back to be late. */
  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  /** Takes all faults back; what is held back stays so. */
  heal(): void {
    this.#faults = [];
  }

  /** Ends all connections and refuses new ones. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = incoming;
    const exchange: ProxiedExchange = { method, url };
    this.#seen.push(exchange);
    const body = await bytesOf(incoming);
    const fault = this.#faultOf(exchange);
    if (fault?.when === 'before' && !(await this.#passes(fault, exchange, answer))) return;
    const { status, headers, bytes } = await this.#forward(incoming, body);
    if (fault?.when === 'after' && !(await this.#passes(fault, exchange, answer))) return;
    exchange.status = status;
    answer.writeHead(status, headers).end(bytes);
  }

  /** @returns whether the request or its answer goes on after all: it is only late. */
  async #passes(fault: HttpFault, exchange: ProxiedExchange, answer: ServerResponse): Promise<boolean> {
    if (fault.answer === 'late') {
      await new Promise<void>((resolve) => void this.#held.push(resolve));
      return true;
    }
    if (fault.answer !== 'silence') {
      exchange.status = fault.answer;
      answer.writeHead(fault.answer, { 'content-type': 'text/plain' }).end('a fault that was put there');
    }
    return false;
  }

  #faultOf(asked: ProxiedRequest): ArmedFault | undefined {
    for (const fault of this.#faults) {
      if (!fault.of(asked)) continue;
      const { nth = 1, times = 1 } = fault;
      fault.met++;
      if (fault.met < nth || fault.met >= nth + times) continue;
      fault.struck++;
      return fault;
    }
    return undefined;
  }

  #forward(
    incoming: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; bytes: Buffer }> {
    const [host, port] = this.#upstream().split(':');
    // The body is here already: nobody has to be asked whether it may come.
    const { expect: _expect, ...headers } = incoming.headers;
    return new Promise((resolve, reject) => {
      const outgoing = request({ host, port, method: incoming.method, path: incoming.url, headers, agent: false });
      outgoing.on('error', reject).on('response', (response) => {
        bytesOf(response).then(
          (bytes) => resolve({ status: response.statusCode ?? 0, headers: withoutFraming(response.headers), bytes }),
          reject,
        );
      });
      outgoing.end(body);
    });
  }
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The body is passed on whole, over a connection of our own. */
function withoutFraming({
  'transfer-encoding': _encoding,
  connection: _connection,
  ...headers
}: IncomingMessage['headers']): IncomingMessage['headers'] {
  return headers;
}
