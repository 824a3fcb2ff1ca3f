/** A running Apache Kafka node. */
export interface ApacheKafka {
  /** Of the process that is broker and controller. */
  readonly pid: number;
  /** `host:port` of the listener without security. */
  readonly bootstrap: readonly string[];
  /** `host:port` of the SASL_PLAINTEXT listener; it listens only when `sasl` was given. */
  readonly saslBootstrap: readonly string[];
  /** `host:port` of a listener of `tls`. @throws {Error} when there is none of that name. */
  tlsBootstrap(name: string): readonly string[];
  /** What the node has printed so far. */
  log(): string;
  /** Stops the node and removes its data. */
  stop(): Promise<void>;
}

/** A listener with TLS: key and certificates as PEM. */
export interface TlsListener {
  readonly key: string;
  readonly chain: string;
  /** Whether it asks for SASL too; takes `sasl` in the options. Default false. */
  readonly sasl?: boolean;
  /** Clients must show a certificate of this authority. Default: they need none. */
  readonly clientAuthority?: string;
}

export interface ApacheKafkaOptions {
  readonly transactionVersion?: 1 | 2;
  /** The node's heap in MiB. Default 512. */
  readonly heapMb?: number;
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  readonly sasl?: { readonly username: string; readonly password: string };
  /** Listeners with TLS by name, in capitals. Default: none. */
  readonly tls?: Readonly<Record<string, TlsListener>>;
}

export function startApacheKafka(options?: ApacheKafkaOptions): Promise<ApacheKafka>;
