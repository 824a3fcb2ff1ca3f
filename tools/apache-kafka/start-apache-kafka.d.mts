/** A running Apache Kafka node. */
export interface ApacheKafka {
  /** Of the process that is broker and controller. */
  readonly pid: number;
  /** `host:port` of the listener without security. */
  readonly bootstrap: readonly string[];
  /** `host:port` of the SASL_PLAINTEXT listener; it listens only when `sasl` was given. */
  readonly saslBootstrap: readonly string[];
  /** What the node has printed so far. */
  log(): string;
  /** Stops the node and removes its data. */
  stop(): Promise<void>;
}

export interface ApacheKafkaOptions {
  readonly transactionVersion?: 1 | 2;
  /** The node's heap in MiB. Default 512. */
  readonly heapMb?: number;
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  readonly sasl?: { readonly username: string; readonly password: string };
}

export function startApacheKafka(options?: ApacheKafkaOptions): Promise<ApacheKafka>;
