import { eventually } from '../eventually/eventually.js';

/** What the worker says about a connector. */
export interface ConnectorStatus {
  readonly connector: { readonly state: string };
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[];
}

/** What a spec asks of a worker of Kafka Connect, by its REST interface. */
export class ConnectRest {
  /** @param url `http://host:port`. */
  constructor(readonly url: string) {}

  /** The classes of its connectors. */
  async plugins(): Promise<readonly string[]> {
    const plugins = (await this.#call('/connector-plugins')) as { class: string }[];
    return plugins.map((each) => each.class);
  }

  /**
   * Creates a connector, or changes its configuration, and waits until it and its tasks run.
   *
   * @throws {Error} with the trace of a task that has failed.
   */
  async run(name: string, config: Readonly<Record<string, string | number | boolean>>): Promise<void> {
    const text = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, String(value)]));
    await this.#call(`/connectors/${encodeURIComponent(name)}/config`, 'PUT', text);
    const { tasks } = await eventually(
      `the connector ${name} runs`,
      async () => {
        const status = await this.status(name);
        const states = status.tasks.map(({ state }) => state);
        const isRunning = status.connector.state === 'RUNNING' && states.length > 0;
        return (isRunning && states.every((state) => state === 'RUNNING')) || states.includes('FAILED')
          ? status
          : false;
      },
      { timeoutMs: 60_000, intervalMs: 200 },
    );
    const failed = tasks.find(({ state }) => state === 'FAILED');
    if (failed !== undefined) throw new Error(`task ${failed.id} of the connector ${name} has failed: ${failed.trace}`);
  }

  async status(name: string): Promise<ConnectorStatus> {
    return (await this.#call(`/connectors/${encodeURIComponent(name)}/status`)) as ConnectorStatus;
  }

  async remove(name: string): Promise<void> {
    await this.#call(`/connectors/${encodeURIComponent(name)}`, 'DELETE');
  }

  async #call(path: string, method = 'GET', body?: unknown): Promise<unknown> {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(`${this.url}${path}`, { ...init, headers: { 'content-type': 'application/json' } });
    const text = await response.text();
    if (!response.ok) throw new Error(`Kafka Connect answered ${method} ${path} with ${response.status}: ${text}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }
}
