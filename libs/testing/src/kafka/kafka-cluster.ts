import { Kafka, logLevel } from 'kafkajs';
import { ContainerNetwork } from '../container/network.js';
import type { ContainerOptions } from '../container/start-container.js';
import { eventually } from '../eventually/eventually.js';
import type { NetworkFaults, NetworkProxy } from '../faults/network-faults.js';
import type { CertificateAuthority } from '../tls/certificate-authority.js';
import { checkKafkaOptions } from './check-kafka-options.js';
import { KAFKA_PORTS, type KafkaListener } from './kafka-listeners.js';
import { KafkaNode } from './kafka-node.js';
import { nodeAlias, serverProperties, type KafkaUser } from './kafka-properties.js';

/** How a cluster of {@link startKafka} is laid out. */
export interface KafkaOptions extends Pick<ContainerOptions, 'image' | 'network'> {
  /** Nodes, each broker and controller in a container of its own. Default 1. With 3, topics have three copies and two must be in sync. */
  readonly brokers?: number;
  /** `broker.rack` of each node, one for each in turn. Default `rack-1`, `rack-2`, … */
  readonly racks?: readonly string[];
  /** More properties for every node; they win over the fixture's own. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  /** Finalised level of the feature `transaction.version`. Default: the newest, 2. */
  readonly transactionVersion?: 1 | 2;
  /** Opens listeners that ask for SASL (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512) for these users. Default: none. */
  readonly users?: readonly KafkaUser[];
  /** Opens listeners with TLS; clients trust this authority's certificate. Default: none. */
  readonly authority?: CertificateAuthority;
  /** Opens a listener whose every connection goes through a proxy that can fail. It must be in the same `network`. Default: none. */
  readonly faults?: NetworkFaults;
  /** Keeps each node's logs in memory, in a file system of this size, in MiB, that can be filled up. Default: the engine's disk. */
  readonly logDiskMegabytes?: number;
  /**
   * Each node serves its metrics to Prometheus: `node(1).metrics()`. It takes an image with the JMX exporter, as that of `docker/images/kafka`
   * and not the official one. Default false.
   */
  readonly metrics?: boolean;
  /** Greatest heap of each node, in MiB. Default 512. */
  readonly heapMegabytes?: number;
  /** Options of each node's JVM. Default: those that start fastest; a benchmark wants the JVM's own, so the empty text. */
  readonly jvmOptions?: string;
}

/** A machine that has much else to do may take minutes for what takes seconds on one that has not. */
const READY_TIMEOUT_MS = 240_000;
const ANSWER_TIMEOUT_MS = 5_000;
const FAST_START = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto';

/** A running cluster of Apache Kafka. */
export class KafkaCluster implements AsyncDisposable {
  readonly nodes: readonly KafkaNode[];
  readonly network: ContainerNetwork;
  /** The proxy before each node, in their order; empty without `faults`. */
  readonly proxies: readonly NetworkProxy[];
  readonly #ownsNetwork: boolean;
  readonly #listeners: readonly KafkaListener[];
  #attempts = 0;

  /** @internal */
  constructor(parts: {
    nodes: readonly KafkaNode[];
    network: ContainerNetwork;
    proxies: readonly NetworkProxy[];
    listeners: readonly KafkaListener[];
    ownsNetwork: boolean;
  }) {
    this.nodes = parts.nodes;
    this.network = parts.network;
    this.proxies = parts.proxies;
    this.#listeners = parts.listeners;
    this.#ownsNetwork = parts.ownsNetwork;
  }

  /** `host:port` of each node without encryption or login, as this process reaches it. */
  get bootstrap(): readonly string[] {
    return this.bootstrapOf('PLAINTEXT');
  }

  /** `host:port` of each node as other containers of {@link network} reach it. */
  get innerBootstrap(): readonly string[] {
    return this.nodes.map(({ nodeId }) => `${nodeAlias(nodeId)}:${KAFKA_PORTS.INTERNAL}`);
  }

  /** @throws {Error} when the cluster was started without what the listener needs. */
  bootstrapOf(listener: KafkaListener): readonly string[] {
    if (!this.#listeners.includes(listener)) {
      throw new Error(`${listener} is not open: it takes ${NEEDS[listener]} in the options of startKafka`);
    }
    if (listener === 'PROXIED') return this.proxies.map(({ address }) => address);
    return this.nodes.map((node) => node.address(listener));
  }

  /** @throws {Error} when there is no such node. */
  node(nodeId: number): KafkaNode {
    const node = this.nodes.find((each) => each.nodeId === nodeId);
    if (node === undefined) throw new Error(`there is no node ${nodeId}: the cluster has 1 to ${this.nodes.length}`);
    return node;
  }

  /**
   * Waits until so many brokers are members of the cluster and one of them is its controller.
   *
   * @throws {Error} with the log of a node that has ended meanwhile, or of the first.
   */
  async ready(brokers = this.nodes.length): Promise<void> {
    const client = this.#client();
    let ended: readonly boolean[] = [];
    try {
      const outcome = await eventually(
        `${brokers} brokers of Apache Kafka are in the cluster`,
        async () => {
          ended = await Promise.all(this.nodes.map((node) => node.hasEnded()));
          if (ended.filter((each) => !each).length < brokers) return 'a node has ended';
          return (await hasMembers(client, brokers)) ? 'ready' : false;
        },
        { timeoutMs: READY_TIMEOUT_MS, intervalMs: 100 },
      );
      if (outcome !== 'ready') throw new Error(outcome);
    } catch (cause) {
      const node = this.nodes[Math.max(0, ended.indexOf(true))]!;
      throw new Error(`Apache Kafka is not ready; the end of the log of node ${node.nodeId}:\n${await node.log()}`, {
        cause,
      });
    }
  }

  /**
   * Waits until every partition has a leader and all of its copies in sync: then any one broker may be lost.
   *
   * @throws {Error} after four minutes; it names a partition that lacks a copy.
   */
  async inSync(): Promise<void> {
    const client = this.#client();
    let lacking = 'no broker answers';
    await eventually(
      'every partition has all of its copies in sync',
      async () => {
        lacking = (await partitionOutOfSync(client)) ?? '';
        return lacking === '';
      },
      { timeoutMs: READY_TIMEOUT_MS, intervalMs: 200 },
    ).catch((cause: unknown) => {
      throw new Error(`not every partition of Apache Kafka has all of its copies in sync: ${lacking}`, { cause });
    });
  }

  /** Removes the containers, and the network unless it was given. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()));
    if (this.#ownsNetwork) await this.network.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Without retries kafkajs asks the first broker of the list alone, which may be gone: every attempt begins with another one. */
  #client(): Kafka {
    const brokers = (): string[] => {
      const first = this.#attempts++ % this.nodes.length;
      return [...this.bootstrap.slice(first), ...this.bootstrap.slice(0, first)];
    };
    // A node that is halted accepts connections and does not answer: the next look may ask another one.
    return new Kafka({ brokers, logLevel: logLevel.NOTHING, requestTimeout: ANSWER_TIMEOUT_MS, retry: { retries: 0 } });
  }
}

const NEEDS: Readonly<Record<KafkaListener, string>> = {
  PLAINTEXT: 'nothing',
  SASL_PLAINTEXT: '`users`',
  SSL: '`authority`',
  SASL_SSL: '`users` and `authority`',
  PROXIED: '`faults`',
};

/**
 * Starts a cluster of Apache Kafka with ports that the engine chooses: a container is started first and waits, and once its mapped ports
 * are known they are written into `advertised.listeners`, and the broker starts.
 *
 * @throws {ConfigurationError} (stop-app) when options are wrong, without an engine or image, or with `metrics` on an image that has none; {@link Error} with a log when
 *   a broker does not start.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  checkKafkaOptions(options);
  const { brokers = 1, users = [], authority, faults } = options;
  const network = options.network ?? (await ContainerNetwork.create());
  const nodes: KafkaNode[] = [];
  const cluster = (proxies: readonly NetworkProxy[] = []): KafkaCluster =>
    new KafkaCluster({ nodes, network, proxies, listeners, ownsNetwork: options.network === undefined });
  const listeners: readonly KafkaListener[] = [
    'PLAINTEXT',
    ...(users.length > 0 ? (['SASL_PLAINTEXT'] as const) : []),
    ...(authority === undefined ? [] : (['SSL'] as const)),
    ...(users.length > 0 && authority !== undefined ? (['SASL_SSL'] as const) : []),
    ...(faults === undefined ? [] : (['PROXIED'] as const)),
  ];
  try {
    for (let nodeId = 1; nodeId <= brokers; nodeId++) {
      const rack = options.racks?.[nodeId - 1] ?? `rack-${nodeId}`;
      const image = options.image === undefined ? {} : { image: options.image };
      nodes.push(
        await KafkaNode.create(nodeId, rack, {
          ...image,
          network,
          heapMegabytes: options.heapMegabytes ?? 512,
          logDiskMegabytes: options.logDiskMegabytes,
          metrics: options.metrics ?? false,
          jvmOptions: options.jvmOptions ?? FAST_START,
        }),
      );
    }
    const proxies: NetworkProxy[] = [];
    for (const node of nodes) {
      const alias = nodeAlias(node.nodeId);
      if (faults !== undefined) proxies.push(await faults.proxy(alias, `${alias}:${KAFKA_PORTS.PROXIED}`));
      const addresses = listeners.map((name) => [
        name,
        name === 'PROXIED' ? proxies.at(-1)!.address : node.address(name),
      ]);
      const properties = serverProperties({
        nodeId: node.nodeId,
        nodes: brokers,
        rack: node.rack,
        advertised: Object.fromEntries(addresses) as Partial<Record<KafkaListener, string>>,
        users,
        properties: { 'log.dirs': node.dataFolder, ...options.properties },
        ...(authority === undefined ? {} : { tls: await tlsOf(node, authority) }),
      });
      const { transactionVersion } = options;
      await node.configure(properties, { users, ...(transactionVersion === undefined ? {} : { transactionVersion }) });
    }
    await Promise.all(nodes.map((node) => node.start()));
    const started = cluster(proxies);
    await started.ready();
    return started;
  } catch (error) {
    await cluster().stop();
    throw error;
  }
}

/** Asks the cluster itself: fenced and stopped brokers are none of its members. */
async function hasMembers(client: Kafka, brokers: number): Promise<boolean> {
  const admin = client.admin();
  try {
    await admin.connect();
    const { brokers: members, controller } = await admin.describeCluster();
    return members.length === brokers && controller !== null;
  } finally {
    await admin.disconnect();
  }
}

/** `topic-partition` of one that lacks a leader or a copy, also of internal topics; undefined when none does. */
async function partitionOutOfSync(client: Kafka): Promise<string | undefined> {
  const admin = client.admin();
  try {
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata();
    for (const { name, partitions } of topics) {
      const lacking = partitions.find(({ leader, isr, replicas }) => leader < 0 || isr.length < replicas.length);
      if (lacking !== undefined) return `${name}-${lacking.partitionId}`;
    }
    return undefined;
  } finally {
    await admin.disconnect();
  }
}

async function tlsOf(
  node: KafkaNode,
  authority: CertificateAuthority,
): Promise<NonNullable<Parameters<typeof serverProperties>[0]['tls']>> {
  const alias = nodeAlias(node.nodeId);
  const host = node.address('SSL').split(':')[0]!;
  const certificate = await authority.issue({
    commonName: alias,
    dnsNames: [alias, 'localhost'],
    addresses: [/^[\d.]+$/.test(host) ? host : '127.0.0.1'],
  });
  return { certificate, authority: authority.certificate };
}
