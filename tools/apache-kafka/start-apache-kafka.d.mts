/** A running Apache Kafka node. */
export interface ApacheKafka {
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
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  readonly sasl?: { readonly username: string; readonly password: string };
}

export function startApacheKafka(options?: ApacheKafkaOptions): Promise<ApacheKafka>;
