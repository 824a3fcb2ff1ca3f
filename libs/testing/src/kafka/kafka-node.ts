/**
 * One broker in one container. What runs as the container's first process is a shell that starts the broker whenever the file
 * `wanted` is there; so the mapped ports, which an engine draws anew for a container that restarts, outlive the broker.
 *
 *   started ──► running ──kill, stop──► ended ──start──► running
 *               running ──pause──► paused ──resume──► running
 */
import { ConfigurationError } from '@millrace/kernel';
import type { StartedTestContainer } from 'testcontainers';
import { containerLog } from '../container/container-log.js';
import { hasPrinted } from '../container/ready.js';
import { addressOf, runIn, startContainer, type ContainerOptions } from '../container/start-container.js';
import { eventually } from '../eventually/eventually.js';
import { KAFKA_PORTS, type KafkaListener } from './kafka-listeners.js';
import { METRICS_AGENT, METRICS_OPTIONS, METRICS_PORT } from './kafka-metrics.js';
import {
  CONFIG_FOLDER,
  DATA_FOLDER,
  LIMITED_DATA_FOLDER,
  LOG_DISK,
  nodeAlias,
  type KafkaUser,
} from './kafka-properties.js';

const RUN_FOLDER = '/tmp/millrace-run';
const CLUSTER_ID = 'millraceMillraceMill00';
const STOP_TIMEOUT_MS = 30_000;

const SUPERVISOR = [
  `mkdir -p ${RUN_FOLDER} && cd ${RUN_FOLDER} || exit 1`,
  'echo the broker may start',
  'while true; do',
  '  until [ -f wanted ]; do sleep 0.05; done',
  `  /bin/bash ${CONFIG_FOLDER}/start.sh`,
  '  echo $? > ending; rm -f wanted; mv ending ended',
  'done',
].join('\n');

/** How the storage of a node is formatted. */
export interface KafkaFormat {
  /** Finalised level of the feature `transaction.version`. Default: the newest. */
  readonly transactionVersion?: 1 | 2;
  readonly users: readonly KafkaUser[];
}

export class KafkaNode {
  readonly nodeId: number;
  readonly rack: string;
  /** Where its logs are. */
  readonly dataFolder: string;
  readonly #container: StartedTestContainer;
  readonly #servesMetrics: boolean;

  private constructor(
    container: StartedTestContainer,
    parts: Pick<KafkaNode, 'nodeId' | 'rack' | 'dataFolder'> & { readonly servesMetrics: boolean },
  ) {
    this.nodeId = parts.nodeId;
    this.rack = parts.rack;
    this.dataFolder = parts.dataFolder;
    this.#container = container;
    this.#servesMetrics = parts.servesMetrics;
  }

  /**
   * Starts the container; the broker itself waits for {@link configure} and {@link start}.
   *
   * @throws {ConfigurationError} (stop-app) when it is to serve metrics and its image cannot.
   */
  static async create(
    nodeId: number,
    rack: string,
    options: ContainerOptions & {
      readonly heapMegabytes: number;
      readonly jvmOptions: string;
      readonly logDiskMegabytes: number | undefined;
      readonly metrics: boolean;
    },
  ): Promise<KafkaNode> {
    const { logDiskMegabytes, metrics } = options;
    const disk = logDiskMegabytes === undefined ? {} : { [LOG_DISK]: `rw,size=${logDiskMegabytes}m` };
    const container = await startContainer('kafka', { ...options, alias: nodeAlias(nodeId) }, (each) =>
      each
        .withEntrypoint(['/bin/bash', '-c', SUPERVISOR])
        .withEnvironment({
          KAFKA_HEAP_OPTS: `-Xmx${options.heapMegabytes}m`,
          KAFKA_JVM_PERFORMANCE_OPTS: options.jvmOptions,
          KAFKA_LOG_LEVEL: 'warn',
          ...(metrics ? { KAFKA_OPTS: METRICS_OPTIONS } : {}),
        })
        .withTmpFs(disk)
        .withExposedPorts(...Object.values(KAFKA_PORTS), ...(metrics ? [METRICS_PORT] : []))
        .withWaitStrategy(hasPrinted('the broker may start')),
    );
    const dataFolder = logDiskMegabytes === undefined ? DATA_FOLDER : LIMITED_DATA_FOLDER;
    const node = new KafkaNode(container, { nodeId, rack, dataFolder, servesMetrics: metrics });
    if (metrics) await node.#requireMetricsAgent();
    return node;
  }

  /** `host:port` of a listener's port as this process reaches it. */
  address(listener: KafkaListener): string {
    return addressOf(this.#container, KAFKA_PORTS[listener]);
  }

  /** Writes what the broker starts with. */
  async configure(properties: string, format: KafkaFormat): Promise<void> {
    await this.#container.copyContentToContainer([
      { content: properties, target: `${CONFIG_FOLDER}/server.properties`, mode: 0o644 },
      { content: startScript(this.dataFolder, format), target: `${CONFIG_FOLDER}/start.sh`, mode: 0o755 },
    ]);
  }

  /** Lets the broker run; it is ready when the cluster says so. */
  async start(): Promise<void> {
    await this.#shell(`rm -f ${RUN_FOLDER}/ended; touch ${RUN_FOLDER}/wanted`);
  }

  /** Ends the broker at once (SIGKILL), as a machine that fails; its log stays, its ports too. */
  async kill(): Promise<void> {
    await this.#signal('KILL');
    await this.#untilEnded();
  }

  /** Lets the broker leave in order (SIGTERM): it hands over its partitions first. */
  async stop(): Promise<void> {
    await this.#signal('TERM');
    await this.#untilEnded();
  }

  /** Halts the broker without ending it (SIGSTOP): its connections stay open and silent. */
  pause(): Promise<void> {
    return this.#signal('STOP');
  }

  /** Lets a halted broker go on. */
  resume(): Promise<void> {
    return this.#signal('CONT');
  }

  /** Takes all that is left of the disk with the logs, as somebody else on the machine might: see `logDiskMegabytes`. */
  async fillDisk(): Promise<void> {
    await this.#shell(`dd if=/dev/zero of=${LOG_DISK}/filler bs=64k 2>&1 || true`);
  }

  /** Undoes {@link fillDisk}. */
  async freeDisk(): Promise<void> {
    await this.#shell(`rm -f ${LOG_DISK}/filler`);
  }

  /** True once the broker's process has ended; it may have failed to start. */
  async hasEnded(): Promise<boolean> {
    return (await this.#container.exec(['test', '-f', `${RUN_FOLDER}/ended`])).exitCode === 0;
  }

  /** Runs a tool of Apache Kafka in the container, as `kafka-topics.sh`; `INTERNAL` stands for the bootstrap address there. */
  tool(name: string, ...args: readonly string[]): Promise<string> {
    const inner = `${nodeAlias(this.nodeId)}:${KAFKA_PORTS.INTERNAL}`;
    return runIn(this.#container, [`/opt/kafka/bin/${name}`, ...args.map((arg) => (arg === 'INTERNAL' ? inner : arg))]);
  }

  /**
   * What the node tells Prometheus, in its text format; `metricSum` reads it.
   *
   * @throws {Error} when the cluster was started without `metrics`, or the node does not answer.
   */
  async metrics(): Promise<string> {
    if (!this.#servesMetrics)
      throw new Error('the node serves no metrics: it takes `metrics: true` in the options of startKafka');
    const response = await fetch(`http://${addressOf(this.#container, METRICS_PORT)}/metrics`);
    if (!response.ok) throw new Error(`the metrics of node ${this.nodeId} were answered with ${response.status}`);
    return response.text();
  }

  /** The last lines that the broker has printed. */
  log(lines = 60): Promise<string> {
    return containerLog(this.#container, lines);
  }

  /** Removes the container and all that it keeps. */
  async remove(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true });
  }

  /** Without it the JVM would end at its start, and the cluster never be ready. */
  async #requireMetricsAgent(): Promise<void> {
    const { exitCode } = await this.#container.exec(['test', '-f', METRICS_AGENT]);
    if (exitCode === 0) return;
    await this.remove();
    throw new ConfigurationError('`metrics` of startKafka', [
      `the image has no ${METRICS_AGENT}: run docker/scripts/build-images.sh kafka and set MILLRACE_IMAGE_KAFKA as docker/local-images.env does`,
    ]);
  }

  async #signal(name: 'KILL' | 'TERM' | 'STOP' | 'CONT'): Promise<void> {
    await this.#shell(`kill -${name} "$(cat ${RUN_FOLDER}/pid)"`);
  }

  async #untilEnded(): Promise<void> {
    await eventually(`node ${this.nodeId} of Apache Kafka has ended`, () => this.hasEnded(), {
      timeoutMs: STOP_TIMEOUT_MS,
      intervalMs: 50,
    });
  }

  #shell(script: string): Promise<string> {
    return runIn(this.#container, ['/bin/bash', '-c', script]);
  }
}

/** Formats the storage unless it is already, and becomes the broker; `pid` is its process. */
function startScript(dataFolder: string, { transactionVersion, users }: KafkaFormat): string {
  const config = `${CONFIG_FOLDER}/server.properties`;
  const features = transactionVersion === undefined ? [] : [`--feature transaction.version=${transactionVersion}`];
  const accounts = users.flatMap(({ username, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
      (mechanism) => `--add-scram ${quoted(`${mechanism}=[name=${username},password=${password}]`)}`,
    ),
  );
  const format = [
    `/opt/kafka/bin/kafka-storage.sh format --cluster-id ${CLUSTER_ID} --config ${config}`,
    ...features,
    ...accounts,
  ];
  return [
    'set -e',
    `[ -f ${dataFolder}/meta.properties ] || ${format.join(' ')} >/dev/null`,
    `echo $$ > ${RUN_FOLDER}/pid`,
    `exec /opt/kafka/bin/kafka-server-start.sh ${config}`,
    '',
  ].join('\n');
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
