import type { StartedTestContainer } from 'testcontainers';
import { answersHttp } from '../container/ready.js';
import { addressOf, runIn, startContainer, type ContainerOptions } from '../container/start-container.js';
import { ConnectRest } from './connect-rest.js';
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

/** A running worker of Kafka Connect. */
export class KafkaConnect extends ConnectRest implements AsyncDisposable {
  readonly #container: StartedTestContainer;

  /** @internal */
  constructor(container: StartedTestContainer) {
    super(`http://${addressOf(container, PORT)}`);
    this.#container = container;
  }

  /** Appends lines to a file of the worker's machine, for a connector that reads it; a file that is not there is made. */
  async appendLines(path: string, lines: readonly string[]): Promise<void> {
    const script = String.raw`file=$1; shift; printf '%s\n' "$@" >>"$file"`;
    await runIn(this.#container, ['/bin/sh', '-c', script, 'sh', path, ...lines]);
  }

  /** The lines of a file of the worker's machine that a connector writes; none as long as the file is not there. */
  async linesOf(path: string): Promise<readonly string[]> {
    const text = await runIn(this.#container, ['/bin/sh', '-c', '[ ! -f "$1" ] || cat "$1"', 'sh', path]);
    return text === '' ? [] : text.replace(/\n$/, '').split('\n');
  }

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
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
