/** Which half of a connection a fault is in: what the client sends (`upstream`), what it is sent, or both. */
export type FaultDirection = 'upstream' | 'downstream' | 'both';

interface ProxyPlace {
  readonly name: string;
  readonly upstream: string;
  readonly listen: string;
  readonly address: string;
}

/** A way to a service that can fail. Faults add up until {@link heal}; each applies to open and to new connections. */
export class NetworkProxy {
  readonly name: string;
  /** `host:port` for the client. */
  readonly address: string;
  readonly #url: string;
  #toxics = 0;

  private constructor(api: string, { name, address }: ProxyPlace) {
    this.name = name;
    this.address = address;
    this.#url = `${api}/proxies/${encodeURIComponent(name)}`;
  }

  /** @internal */
  static async open(api: string, place: ProxyPlace): Promise<NetworkProxy> {
    const { name, upstream, listen } = place;
    await call(`${api}/proxies`, 'POST', { name, upstream, listen, enabled: true });
    return new NetworkProxy(api, place);
  }

  /** Delays what passes by `latencyMs`, give or take `jitterMs` (default 0). Default direction: what the client is sent. */
  latency(options: { latencyMs: number; jitterMs?: number; direction?: FaultDirection }): Promise<void> {
    const { latencyMs, jitterMs = 0, direction = 'downstream' } = options;
    return this.#add('latency', direction, { latency: latencyMs, jitter: jitterMs });
  }

  /** Swallows what passes: the connection stays open and nobody is told. Default direction: both. */
  blackhole(direction: FaultDirection = 'both'): Promise<void> {
    return this.#add('timeout', direction, { timeout: 0 });
  }

  /** Ends each connection with a reset after `afterMs` (default 0). */
  reset(afterMs = 0): Promise<void> {
    return this.#add('reset_peer', 'downstream', { timeout: afterMs });
  }

  /** Ends each connection once so many bytes have passed, most often in the middle of a frame. Default direction: what the client is sent. */
  cutAfter(bytes: number, direction: FaultDirection = 'downstream'): Promise<void> {
    return this.#add('limit_data', direction, { bytes });
  }

  /** Lets so many kilobytes a second pass. Default direction: both. */
  bandwidth(kilobytesPerSecond: number, direction: FaultDirection = 'both'): Promise<void> {
    return this.#add('bandwidth', direction, { rate: kilobytesPerSecond });
  }

  /** Ends every connection and refuses new ones until {@link heal}. */
  async refuse(): Promise<void> {
    await call(this.#url, 'POST', { enabled: false });
  }

  /** Takes all faults back. */
  async heal(): Promise<void> {
    for (const { name } of await this.faults()) {
      await call(`${this.#url}/toxics/${encodeURIComponent(name)}`, 'DELETE');
    }
    await call(this.#url, 'POST', { enabled: true });
  }

  /** The faults that are in force, as Toxiproxy names them: what proves that one was set. */
  async faults(): Promise<readonly { readonly name: string; readonly type: string; readonly stream: string }[]> {
    return (await call(`${this.#url}/toxics`, 'GET')) as { name: string; type: string; stream: string }[];
  }

  async #add(type: string, direction: FaultDirection, attributes: Record<string, number>): Promise<void> {
    const streams = direction === 'both' ? ['upstream', 'downstream'] : [direction];
    for (const stream of streams) {
      const name = `${type}-${stream}-${++this.#toxics}`;
      await call(`${this.#url}/toxics`, 'POST', { name, type, stream, toxicity: 1, attributes });
    }
  }
}

async function call(url: string, method: string, body?: unknown): Promise<unknown> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const response = await fetch(url, { ...init, headers: { 'content-type': 'application/json' } });
  const text = await response.text();
  if (!response.ok)
    throw new Error(`Toxiproxy answered ${method} ${new URL(url).pathname} with ${response.status}: ${text}`);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}
