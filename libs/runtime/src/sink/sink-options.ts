import type { ClusterOptions } from '@millrace/client';
import {
  ConfigurationError,
  SystemClock,
  SystemRandom,
  toMs,
  type Clock,
  type Duration,
  type Random,
} from '@millrace/kernel';
import type { SinkWriter, Topic } from '@millrace/streams';
import { resolveSinkErrorPolicy, type ResolvedSinkErrorPolicy, type SinkErrorPolicy } from './sink-error-policy.js';

/** How to run a sink. */
export interface SinkAppOptions {
  /** Names the sink in diagnostics and health, and is its group id unless that is given. */
  readonly name: string;
  /** Kafka property `group.id`. Default: `name`. */
  readonly groupId?: string;
  /** What it is fed with; the serdes of the topics decode keys and values. */
  readonly topics: readonly Topic<unknown, unknown>[];
  /** Where it goes. */
  readonly writer: SinkWriter;
  /** How to reach the cluster. `clientId` is the name of the sink unless given. */
  readonly cluster: Omit<ClusterOptions, 'clientId' | 'clock' | 'random'> & { readonly clientId?: string };
  /** Names this process among those that run the sink, the same after a restart. Kafka property `group.instance.id`. Default: none. */
  readonly instanceId?: string;
  /** What is done about records and batches that fail. Default: see {@link SinkErrorPolicy}. */
  readonly policy?: Partial<SinkErrorPolicy>;
  /** Most records that a write gets. Default 5 000. */
  readonly maxBatchRecords?: number;
  /** How long the first record of a batch waits for others once all input was read. Default 50 ms. */
  readonly linger?: Duration;
  /** How often durable offsets are committed to the group. Default 1 s. Kafka property `auto.commit.interval.ms`. */
  readonly commitInterval?: Duration;
  /** After so long without a heartbeat a member is taken for dead. Default 45 s. Kafka property `session.timeout.ms`. */
  readonly sessionTimeout?: Duration;
  /** Default 3 s. Kafka property `heartbeat.interval.ms`. */
  readonly heartbeatInterval?: Duration;
  /** How long `stop` waits for the last commit and for leaving the group before it cuts the connections. Default 30 s. */
  readonly shutdownTimeout?: Duration;
  /** Copies of dead-letter topics that are created. Default -1: the broker's default. */
  readonly replicationFactor?: number;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Default: the machine's randomness. */
  readonly random?: Random;
}

/** {@link SinkAppOptions} checked, in milliseconds and with every default in place. */
export interface SinkAppSettings {
  readonly name: string;
  readonly groupId: string;
  readonly topics: ReadonlyMap<string, Topic<unknown, unknown>>;
  readonly writer: SinkWriter;
  readonly cluster: ClusterOptions;
  readonly instanceId: string | undefined;
  readonly policy: ResolvedSinkErrorPolicy;
  readonly maxBatchRecords: number;
  readonly lingerMs: number;
  readonly commitIntervalMs: number;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly shutdownTimeoutMs: number;
  readonly replicationFactor: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** @throws {ConfigurationError} (stop-app) naming everything that is wrong. */
export function resolveSinkAppOptions(options: SinkAppOptions): SinkAppSettings {
  const problems: string[] = [];
  const duration = (name: string, value: Duration | undefined, fallbackMs: number): number => {
    try {
      return value === undefined ? fallbackMs : toMs(value);
    } catch (error) {
      problems.push(`${name}: ${(error as ConfigurationError).problems.join('; ')}`);
      return fallbackMs;
    }
  };
  const clock = options.clock ?? new SystemClock();
  const random = options.random ?? new SystemRandom();
  const settings: SinkAppSettings = {
    name: options.name,
    groupId: options.groupId ?? options.name,
    topics: new Map(options.topics.map((topic) => [topic.name, topic])),
    writer: options.writer,
    cluster: { clientId: options.name, ...options.cluster, clock, random },
    instanceId: options.instanceId,
    policy: resolveSinkErrorPolicy(options.policy ?? {}, problems),
    maxBatchRecords: options.maxBatchRecords ?? 5_000,
    lingerMs: duration('linger', options.linger, 50),
    commitIntervalMs: duration('commitInterval', options.commitInterval, 1_000),
    sessionTimeoutMs: duration('sessionTimeout', options.sessionTimeout, 45_000),
    heartbeatIntervalMs: duration('heartbeatInterval', options.heartbeatInterval, 3_000),
    shutdownTimeoutMs: duration('shutdownTimeout', options.shutdownTimeout, 30_000),
    replicationFactor: options.replicationFactor ?? -1,
    clock,
    random,
  };
  if (settings.name === '') problems.push('name: must not be empty');
  if (settings.topics.size === 0) problems.push('topics: there is none to read');
  if (settings.topics.size < options.topics.length) problems.push('topics: one is named twice');
  if (!Number.isInteger(settings.maxBatchRecords) || settings.maxBatchRecords < 1) {
    problems.push(`maxBatchRecords: ${settings.maxBatchRecords} is not a whole number greater than 0`);
  }
  if (problems.length > 0) throw new ConfigurationError(`the sink '${settings.name}'`, problems);
  return settings;
}
