import { FatalError, streamPair, TransientError, type ByteStream, type Dialer, type Lifecycle } from '@millrace/kernel';
import { resolveOptions, type Address, type EmbeddedBrokerOptions, type ResolvedOptions } from './broker-options.js';
import { BrokerState } from './broker-state.js';
import { Connection } from './connection/connection.js';
import { TcpListener } from './connection/tcp-listener.js';
import type { BrokerServices } from './handlers/services.js';

const IN_MEMORY: Address = { host: 'memory', port: 0 };

/**
 * A Kafka broker inside this process: topics, consumer groups and transactions with Kafka's semantics, behind Kafka's
 * protocol, over TCP and over in-memory streams.
 *
 * One broker leads every partition and coordinates every group and transaction. What it acknowledged survives a kill of
 * the process when it has a state directory. See the README for what it does not do.
 */
export class EmbeddedBroker implements Lifecycle {
  readonly #options: ResolvedOptions;
  readonly #connections = new Set<Connection>();
  #state: BrokerState | undefined;
  #services: BrokerServices | undefined;
  #listener: TcpListener | undefined;
  #connectionCount = 0;

  constructor(options: EmbeddedBrokerOptions = {}) {
    this.#options = resolveOptions(options);
  }

  /**
   * Opens the state directory and recovers what is in it.
   *
   * @throws {FatalError} (stop-app) `MR_STATE_INCOMPATIBLE` when another broker uses it, `MR_BROKER_STORAGE_FAILED` when it
   * cannot be read or written.
   */
  async start(): Promise<void> {
    if (this.#state !== undefined) return;
    const state = BrokerState.open(this.#options);
    const { clock, nodeId, autoCreateTopics, defaultPartitions, transactionVersion } = this.#options;
    const { clusterId, topics, groups, transactions } = state;
    this.#state = state;
    this.#services = {
      clock,
      nodeId,
      clusterId,
      topics,
      groups,
      transactions,
      autoCreateTopics,
      defaultPartitions,
      transactionVersion,
      advertised: () => this.#options.advertised ?? this.address ?? IN_MEMORY,
    };
  }

  /** Ends all connections and closes all files. Without a state directory, everything is forgotten. */
  async stop(): Promise<void> {
    const state = this.#state;
    const listener = this.#listener;
    this.#state = undefined;
    this.#services = undefined;
    this.#listener = undefined;
    const closed = listener?.close();
    for (const connection of this.#connections) connection.destroy();
    await closed;
    state?.close();
  }

  /** The address of the TCP listener, once there is one. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /**
   * Accepts TCP connections.
   *
   * @param wanted `host` defaults to 127.0.0.1, `port` to 0: any that is free.
   * @throws {FatalError} (stop-app) `MR_BROKER_UNAVAILABLE` when the address is taken, `MR_LIFECYCLE_ORDER` before `start`.
   */
  async listen(wanted: Partial<Address> = {}): Promise<Address> {
    this.#started();
    if (this.#listener !== undefined) return this.#listener.address;
    const { host = '127.0.0.1', port = 0 } = wanted;
    this.#listener = await TcpListener.open({ host, port }, (stream, remote) => this.attach(stream, remote));
    return this.#listener.address;
  }

  /**
   * Serves one connection until it ends.
   *
   * @param remote where it comes from, for diagnostics and DescribeGroups; default `memory`.
   * @throws {FatalError} (stop-app) `MR_LIFECYCLE_ORDER` before `start`.
   */
  attach(stream: ByteStream, remote = 'memory'): void {
    const services = this.#started();
    const { maxRequestBytes, maxBufferedBytes } = this.#options;
    const connection = new Connection({
      id: ++this.#connectionCount,
      remote,
      stream,
      services,
      maxRequestBytes,
      maxBufferedBytes,
      onClosed: (closed) => this.#connections.delete(closed),
    });
    this.#connections.add(connection);
  }

  /** Connects to this broker without a network; the address that is dialled does not matter. */
  dialer(): Dialer {
    return {
      dial: async () => {
        if (this.#services === undefined) {
          throw new TransientError('MR_NETWORK_DISCONNECTED', 'the embedded broker is not running; start it first');
        }
        const [clientSide, brokerSide] = streamPair();
        this.attach(brokerSide);
        return clientSide;
      },
    };
  }

  #started(): BrokerServices {
    if (this.#services === undefined) {
      throw new FatalError('MR_LIFECYCLE_ORDER', 'the embedded broker is not running; call start() first');
    }
    return this.#services;
  }
}
