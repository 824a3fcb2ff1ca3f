import type { StartedTestContainer } from 'testcontainers';
import { answersHttp } from '../container/ready.js';
import { addressOf, startContainer, type ContainerOptions } from '../container/start-container.js';
import { eventually } from '../eventually/eventually.js';
import type { KafkaCluster } from '../kafka/kafka-cluster.js';

const PORT = 8083;

/** How {@link startConnect} runs its worker. */
export interface ConnectOptions extends Pick<ContainerOptions, 'image' | 'alias'> {
  /** The cluster that it works for; the worker joins its network. */
  readonly kafka: KafkaCluster;
  /** Its group, and the stem of its three topics. Default `connect`. */
  readonly group?: string;
  /** More properties of the worker, as `offset.flush.interval.ms`. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
}

/** What the worker says about a connector. */
export interface ConnectorStatus {
  readonly connector: { readonly state: string };
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[];
}

/** A running worker of Kafka Connect. */
export class KafkaConnect implements AsyncDisposable {
  /** `http://host:port` of its REST interface. */
  readonly url: string;
  readonly #container: StartedTestContainer;

  /** @internal */
  constructor(container: StartedTestContainer) {
    this.#container = container;
    this.url = `http://${addressOf(container, PORT)}`;
  }

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

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #call(path: string, method = 'GET', body?: unknown): Promise<unknown> {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(`${this.url}${path}`, { ...init, headers: { 'content-type': 'application/json' } });
    const text = await response.text();
    if (!response.ok) throw new Error(`Kafka Connect answered ${method} ${path} with ${response.status}: ${text}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }
}

/** Starts a distributed worker; it is ready when it has joined its group. */
export async function startConnect(options: ConnectOptions): Promise<KafkaConnect> {
  const { kafka, group = 'connect', properties = {}, ...rest } = options;
  const copies = Math.min(kafka.nodes.length, 3);
  const worker: Record<string, string | number | boolean> = {
    'config.storage.replication.factor': copies,
    'offset.storage.replication.factor': copies,
    'status.storage.replication.factor': copies,
    'offset.storage.partitions': 1,
    'status.storage.partitions': 1,
    'offset.flush.interval.ms': 1_000,
    ...properties,
  };
  const variables = Object.entries(worker).map(([name, value]) => [
    `CONNECT_${name.toUpperCase().replaceAll('.', '_')}`,
    String(value),
  ]);
  const container = await startContainer('connect', { ...rest, network: kafka.network }, (each) =>
    each
      .withEnvironment({
        BOOTSTRAP_SERVERS: kafka.innerBootstrap.join(','),
        GROUP_ID: group,
        CONFIG_STORAGE_TOPIC: `${group}-configs`,
        OFFSET_STORAGE_TOPIC: `${group}-offsets`,
        STATUS_STORAGE_TOPIC: `${group}-status`,
        CONNECT_LOG_LEVEL: 'warn',
        ...(Object.fromEntries(variables) as Record<string, string>),
      })
      .withExposedPorts(PORT)
      .withWaitStrategy(answersHttp('/connectors', PORT)),
  );
  return new KafkaConnect(container);
}
