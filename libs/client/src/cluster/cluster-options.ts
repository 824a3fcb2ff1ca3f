import {
  ConfigurationError,
  SystemClock,
  SystemRandom,
  checkOneOf,
  type Clock,
  type Dialer,
  type Random,
} from '@millrace/kernel';
import type { BrokerAddress } from '../connection/broker-link.js';
import { TcpDialer } from '../connection/tcp-dialer.js';
import type { SaslOptions } from '../sasl/sasl.js';

/** How to reach a Kafka cluster. */
export interface ClusterOptions {
  /** `host:port` of some brokers; the others are learned from them. Kafka property `bootstrap.servers`. */
  readonly bootstrap: readonly string[];
  /** Name of this client in the brokers' logs, metrics and quotas. Kafka property `client.id`. */
  readonly clientId: string;
  /** Opens connections. Default: plain TCP; `new TcpDialer({ tls: true })` for TLS. */
  readonly dialer?: Dialer;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Credentials. Default: none. */
  readonly sasl?: SaslOptions;
  /**
   * Rack or availability zone of this process, as `broker.rack` names them. Where brokers have a rack-aware
   * `replica.selector.class`, records are then read from a copy in the same rack (KIP-392). Kafka property `client.rack`.
   * Default: none, all is read from leaders.
   */
  readonly rack?: string;
  /** How long a broker may take to answer, in milliseconds. Default 30000. Kafka property `request.timeout.ms`. */
  readonly requestTimeoutMs?: number;
  /** How long a connection may take to open, in milliseconds. Default 10000. */
  readonly connectTimeoutMs?: number;
  /** Wait before the second try, in milliseconds; doubles with jitter. Default 100. Kafka property `retry.backoff.ms`. */
  readonly retryBackoffMs?: number;
  /** Greatest wait between tries, in milliseconds. Default 1000. Kafka property `retry.backoff.max.ms`. */
  readonly retryBackoffMaxMs?: number;
  /** Age at which metadata are asked for again, in milliseconds. Default 300000. Kafka property `metadata.max.age.ms`. */
  readonly metadataMaxAgeMs?: number;
}

/** {@link ClusterOptions} with every default in place. */
export interface ClusterSettings {
  readonly bootstrap: readonly BrokerAddress[];
  readonly clientId: string;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly random: Random;
  readonly sasl: SaslOptions | undefined;
  /** Empty for none. */
  readonly rack: string;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly metadataMaxAgeMs: number;
}

/** @throws {ConfigurationError} (stop-app) naming everything that is wrong. */
export function resolveClusterOptions(options: ClusterOptions): ClusterSettings {
  const problems: string[] = [];
  if (options.bootstrap.length === 0) problems.push('bootstrap: name at least one broker as host:port');
  const bootstrap = options.bootstrap.map((text) => {
    const address = parseAddress(text);
    // What stands before an @ may be credentials.
    if (address === undefined) problems.push(`bootstrap: '${text.replace(/^.*@/, '…@')}' is not of the form host:port`);
    return address;
  });
  const positive = (name: keyof ClusterOptions, value: number): number => {
    if (!(value > 0 && Number.isFinite(value)))
      problems.push(`${name}: ${value} is not a positive number of milliseconds`);
    return value;
  };
  const settings = {
    clientId: options.clientId,
    dialer: options.dialer ?? new TcpDialer(),
    clock: options.clock ?? new SystemClock(),
    random: options.random ?? new SystemRandom(),
    sasl: options.sasl,
    rack: options.rack ?? '',
    requestTimeoutMs: positive('requestTimeoutMs', options.requestTimeoutMs ?? 30_000),
    connectTimeoutMs: positive('connectTimeoutMs', options.connectTimeoutMs ?? 10_000),
    retryBackoffMs: positive('retryBackoffMs', options.retryBackoffMs ?? 100),
    retryBackoffMaxMs: positive('retryBackoffMaxMs', options.retryBackoffMaxMs ?? 1_000),
    metadataMaxAgeMs: positive('metadataMaxAgeMs', options.metadataMaxAgeMs ?? 300_000),
  };
  if (options.sasl !== undefined) checkCredentials(options.sasl, problems);
  if (problems.length > 0) throw new ConfigurationError('the options of the Kafka cluster', problems);
  return { ...settings, bootstrap: bootstrap.filter((address) => address !== undefined) };
}

const MECHANISMS: readonly string[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] satisfies SaslOptions['mechanism'][];

/** Without a password the text `undefined` would be sent as one. Values are quoted nowhere. */
function checkCredentials({ mechanism, username, password }: SaslOptions, problems: string[]): void {
  checkOneOf('sasl.mechanism', String(mechanism), MECHANISMS, problems);
  for (const [name, value] of Object.entries({ username, password }))
    if (typeof value !== 'string' || value === '') problems.push(`sasl.${name}: must be a text that is not empty`);
}

function parseAddress(text: string): BrokerAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}
