import type { ClusterOptions, FetcherOptions } from '@millrace/client';
import {
  ConfigurationError,
  SystemClock,
  SystemRandom,
  checkOneOf,
  isCount,
  toMs,
  type Clock,
  type Duration,
  type Random,
} from '@millrace/kernel';
import { COMPRESSIONS, type Compression } from '@millrace/protocol';
import type { Deserializer, KafkaOptions, Serializer, TransportId } from '@nestjs/microservices';
import { resolveDelivery, type DeliveryOptions, type ResolvedDelivery } from './delivery-options.js';
import { resolveErrorPolicy, type ResolvedTransportErrorPolicy, type TransportErrorPolicy } from './error-policy.js';
import { checkReplicationFactor } from './option-values.js';

/** What a server does about topics that its handlers name and that do not exist. */
export type MissingTopics = 'fail' | 'wait' | { readonly partitions: number; readonly replicationFactor?: number };

/** How a {@link MillraceServer} works. */
export interface MillraceServerOptions {
  /**
   * Kafka property `group.id`, as it is: nothing is appended, so `-server` must be written where Nest's transport has used
   * the group before.
   */
  readonly groupId: string;
  /** How to reach the cluster. `clientId` is the group's id unless given. */
  readonly cluster: Omit<ClusterOptions, 'clientId' | 'clock' | 'random'> & { readonly clientId?: string };
  /**
   * Which handlers belong to this server: those marked with it (`@EventPattern('orders', ORDERS)`) and those marked with none.
   * Give each server of an application its own symbol, and mark all handlers. Default `Transport.KAFKA`.
   */
  readonly transportId?: TransportId;
  /**
   * Topics to be read, instead of the handlers' patterns. For a `deserializer` that finds the pattern in the record, so that
   * one topic can hold several types of events; their delivery is that of the topic, see `delivery`.
   */
  readonly topics?: readonly (string | RegExp)[];
  /** Where to begin without committed offset. Default `earliest`. Kafka property `auto.offset.reset`. */
  readonly startAt?: 'earliest' | 'latest';
  /** Where to go on when data was deleted before it was read. Default `stop`: somebody has to decide. */
  readonly onOffsetOutOfRange?: 'stop' | 'earliest' | 'latest';
  /**
   * Topics of handlers that do not exist: refuse to start, wait until they do, or create them. Default `fail`. Topics of
   * regular expressions are always waited for.
   */
  readonly missingTopics?: MissingTopics;
  /** How often topics are looked for, for regular expressions and missing topics. Default 30 s. Kafka property `metadata.max.age.ms`. */
  readonly topicRefreshInterval?: Duration;
  /**
   * How records are handed to handlers; handlers may say otherwise in their extras. It is decided by the topic: where a
   * `deserializer` finds patterns in records of `topics`, a handler whose pattern is none of these is refused at start if it says
   * otherwise, or takes batches.
   */
  readonly delivery?: DeliveryOptions;
  /** What is done about records that fail. */
  readonly policy?: Partial<TransportErrorPolicy>;
  /** How often offsets of settled records are committed. Default 1 s; 0 commits at once. Kafka property `auto.commit.interval.ms`. */
  readonly commitInterval?: Duration;
  /** Names this process among those of its group, the same after a restart. Kafka property `group.instance.id`. Default: none. */
  readonly instanceId?: string;
  /** After so long without a heartbeat a member is taken for dead. Default 45 s. Kafka property `session.timeout.ms`. */
  readonly sessionTimeout?: Duration;
  /** Default 3 s. Kafka property `heartbeat.interval.ms`. */
  readonly heartbeatInterval?: Duration;
  /**
   * How long handlers may take to come to an end when their partition is given up or the server closes; what has not ended
   * then is handled again by the next owner, who answers it too if it is a request. Default 30 s.
   */
  readonly drainTimeout?: Duration;
  /** How records are fetched. Default `read_committed`, and the defaults of the client. */
  readonly fetch?: FetcherOptions;
  /** Compression of replies and dead letters. Default `none`. Kafka property `compression.type`. */
  readonly compression?: Compression;
  /** Nest's own: `keepBinary` leaves values as buffers. */
  readonly parser?: { readonly keepBinary?: boolean };
  /** Nest's own: makes messages of replies. Default: `KafkaRequestSerializer`. */
  readonly serializer?: Serializer;
  /** Nest's own: makes pattern and data of messages; may be asynchronous. Default: `KafkaRequestDeserializer`. */
  readonly deserializer?: Deserializer;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Default: the machine's randomness. */
  readonly random?: Random;
}

/** {@link MillraceServerOptions} checked, in milliseconds, with every default in place. */
export interface MillraceServerSettings {
  readonly groupId: string;
  readonly cluster: ClusterOptions;
  readonly startAt: 'earliest' | 'latest';
  readonly onOffsetOutOfRange: 'stop' | 'earliest' | 'latest';
  readonly missingTopics: MissingTopics;
  readonly topicRefreshMs: number;
  readonly delivery: ResolvedDelivery;
  readonly policy: ResolvedTransportErrorPolicy;
  readonly commitIntervalMs: number;
  readonly instanceId: string | undefined;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly drainTimeoutMs: number;
  readonly fetch: FetcherOptions;
  readonly compression: Compression;
  readonly clock: Clock;
  readonly random: Random;
}

/** @throws {ConfigurationError} (stop-app) naming everything that is wrong. */
export function resolveServerOptions(options: MillraceServerOptions): MillraceServerSettings {
  const problems: string[] = [];
  const { clock = new SystemClock(), random = new SystemRandom(), missingTopics = 'fail' } = options;
  const duration = (name: keyof MillraceServerOptions, value: Duration | undefined, fallbackMs: number): number => {
    try {
      return value === undefined ? fallbackMs : toMs(value);
    } catch (error) {
      problems.push(`${name}: ${(error as ConfigurationError).problems.join('; ')}`);
      return fallbackMs;
    }
  };
  checkNames(options, problems);
  checkChoices(options, problems);
  checkMissingTopics(missingTopics, problems);
  const settings: MillraceServerSettings = {
    groupId: options.groupId,
    cluster: { clientId: options.groupId, ...options.cluster, clock, random },
    startAt: options.startAt ?? 'earliest',
    onOffsetOutOfRange: options.onOffsetOutOfRange ?? 'stop',
    missingTopics,
    topicRefreshMs: duration('topicRefreshInterval', options.topicRefreshInterval, 30_000),
    delivery: resolveDelivery(options.delivery ?? {}, 'delivery', problems),
    policy: resolveErrorPolicy(options.policy ?? {}, problems),
    commitIntervalMs: duration('commitInterval', options.commitInterval, 1_000),
    instanceId: options.instanceId,
    sessionTimeoutMs: duration('sessionTimeout', options.sessionTimeout, 45_000),
    heartbeatIntervalMs: duration('heartbeatInterval', options.heartbeatInterval, 3_000),
    drainTimeoutMs: duration('drainTimeout', options.drainTimeout, 30_000),
    fetch: { isolation: 'read_committed', ...options.fetch },
    compression: options.compression ?? 'none',
    clock,
    random,
  };
  if (settings.heartbeatIntervalMs >= settings.sessionTimeoutMs)
    problems.push('heartbeatInterval: must be shorter than sessionTimeout');
  if (settings.topicRefreshMs === 0) problems.push('topicRefreshInterval: must be longer than 0');
  if (problems.length > 0) throw new ConfigurationError(`MillraceServer of group '${options.groupId}'`, problems);
  return settings;
}

function checkNames({ groupId, instanceId, topics, cluster }: MillraceServerOptions, problems: string[]): void {
  if (typeof groupId !== 'string' || groupId === '') problems.push('groupId: must be a text that is not empty');
  if (instanceId === '') problems.push('instanceId: must be a text that is not empty, or left out');
  if (topics?.length === 0) problems.push('topics: name at least one, or leave it out');
  // The cluster checks its own options when it is made; this is what it cannot be made without.
  const { bootstrap } = (cluster as MillraceServerOptions['cluster'] | undefined) ?? {};
  if (bootstrap === undefined) problems.push('cluster: say how to reach it, such as { bootstrap: [host:port] }');
  else if (!Array.isArray(bootstrap)) problems.push('cluster.bootstrap: must be a list of host:port');
}

function checkChoices(
  { startAt, onOffsetOutOfRange, compression, fetch }: MillraceServerOptions,
  problems: string[],
): void {
  checkOneOf('startAt', startAt, ['earliest', 'latest'], problems);
  checkOneOf('onOffsetOutOfRange', onOffsetOutOfRange, ['stop', 'earliest', 'latest'], problems);
  checkOneOf('compression', compression, COMPRESSIONS, problems);
  checkOneOf('fetch.isolation', fetch?.isolation, ['read_committed', 'read_uncommitted'], problems);
}

function checkMissingTopics(missingTopics: MissingTopics, problems: string[]): void {
  if (missingTopics === 'fail' || missingTopics === 'wait') return;
  if (typeof missingTopics !== 'object') {
    problems.push(`missingTopics: '${String(missingTopics)}' is not 'fail', 'wait' or { partitions }`);
    return;
  }
  const { partitions, replicationFactor } = missingTopics;
  if (!isCount(partitions))
    problems.push(`missingTopics.partitions: ${partitions} is not a whole number of at least 1`);
  checkReplicationFactor('missingTopics.replicationFactor', replicationFactor, problems);
}

/** The options that Nest's own Kafka transport takes. */
export type NestKafkaOptions = NonNullable<KafkaOptions['options']>;
