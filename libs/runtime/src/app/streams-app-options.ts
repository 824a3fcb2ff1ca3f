import type { ClusterOptions } from '@millrace/client';
import {
  ConfigurationError,
  SystemClock,
  SystemRandom,
  checkOneOf,
  toMs,
  type Clock,
  type Duration,
  type Random,
} from '@millrace/kernel';
import { COMPRESSIONS, type Compression } from '@millrace/protocol';
import { HttpQueryTransport, type QueryTransport } from '../query/query-transport.js';
import {
  DEFAULT_ERROR_POLICY,
  MEMORY_ENGINE,
  problemsOfEngines,
  type ErrorPolicy,
  type StoreEngine,
  TopologyError,
  withErrorPolicy,
  type StoreEngines,
  type Topology,
} from '@millrace/streams';

/** What a commit guarantees. */
export type ProcessingGuarantee = 'exactly_once' | 'at_least_once';

/**
 * Who assigns the tasks of a group: `classic`, a member of it by Millrace's own assignor; `streams`, the group's coordinator (KIP-1071),
 * where the cluster has streams groups.
 */
export type GroupProtocol = 'classic' | 'streams';

/** One of several worker threads of a process, each of which runs an application of its own with the same options. */
export interface WorkerPlace {
  /** Names the process, the same for all of its workers: what they have in common is lost together. */
  readonly processId: string;
  /** Tells the workers of a process apart, and stays the same when one is replaced. From 0. */
  readonly index: number;
}

/** How to run topologies. */
export interface StreamsAppOptions {
  /**
   * Names the application in the cluster: group id, prefix of internal topics and of transactional ids. Letters, digits,
   * `.`, `_` and `-`. Kafka property `application.id`.
   */
  readonly applicationId: string;
  /** What it runs. Names of topologies, stores and repartitions are unique over all of them. */
  readonly topologies: readonly Topology[];
  /** How to reach the cluster. `clientId` is `<applicationId>-<instanceId>` unless given. */
  readonly cluster: Omit<ClusterOptions, 'clientId' | 'clock' | 'random'> & { readonly clientId?: string };
  /**
   * Names this process: unique within the application, and the same after a restart, such as the name of a pod. With it,
   * a process that was killed fences what it left open and takes back its tasks at once; without it, both wait for
   * timeouts. Kafka property `group.instance.id`. Default: none, a random name.
   */
  readonly instanceId?: string;
  /**
   * Where the other members reach the queries of this process: scheme, host, port and path, such as
   * `http://10.0.0.7:3000/queries`. A function is asked before each joining of the group. Kafka property `application.server`.
   * Default: none, others cannot ask for what this process has.
   */
  readonly advertisedUrl?: string | (() => string | undefined);
  /** What takes queries to other members. Default: HTTP without further headers. */
  readonly queryTransport?: QueryTransport;
  /**
   * Copies of each stateful task's stores that other processes keep up to date, so that one of them takes over at once when the
   * task's process fails. Default 0. Kafka property `num.standby.replicas`.
   */
  readonly standbyReplicas?: number;
  /**
   * Rack or availability zone of this process, as `broker.rack` names them. Standbys go to another one first (KIP-708); where brokers have
   * a rack-aware `replica.selector.class`, records are read from copies in the same one (KIP-392; `cluster.rack` names another one for
   * that). Kafka properties `client.rack` and `rack.aware.assignment.tags`. Default: none.
   */
  readonly rack?: string;
  /**
   * A stateful task moves only to a process whose stores are at most so many changelog records behind; until then it stays, and
   * the stores are built up there. Default 10 000. Kafka property `acceptable.recovery.lag` (KIP-441).
   */
  readonly acceptableRecoveryLag?: number;
  /** How many tasks' stores are built up at one time where the tasks are to move. Default 2. Kafka property `max.warmup.replicas`. */
  readonly maxWarmupReplicas?: number;
  /**
   * How often it is looked whether a task can move that waits for its stores. Default 10 min. Kafka property
   * `probing.rebalance.interval.ms`.
   */
  readonly probingRebalanceInterval?: Duration;
  /**
   * Changes since the application last started that are accepted although they leave something behind or misread it: their places, as the
   * `TopologyChangeError` lists them, such as `store totals`. Needed for one start; a place that no change is at is ignored. Default: none.
   */
  readonly acceptTopologyChanges?: readonly string[];
  /** What is done about records that fail, by name of the topology. Default: `DEFAULT_ERROR_POLICY` of the engine. */
  readonly policies?: Readonly<Record<string, Partial<ErrorPolicy>>>;
  /**
   * Which worker thread of the process this is; set by `StreamsWorkers` of `@millrace/nest`. Member, transactional id and client id
   * are then those of the worker, so that one that replaces another takes its place. Default: the process has no workers.
   */
  readonly worker?: WorkerPlace;
  /** How many loops share the tasks, each with a producer and a group member. Default 1. Kafka property `num.stream.threads`. */
  readonly threads?: number;
  /**
   * `at_least_once`: no transactions; output is sent and acknowledged, then offsets are committed. A crash in between
   * repeats what was processed since the commit before, so counts may be too high; nothing is lost. Default `exactly_once`.
   * Kafka property `processing.guarantee`.
   */
  readonly processingGuarantee?: ProcessingGuarantee;
  /**
   * Longest time between two commits while records are processed; also how long output may wait here before it is sent, as
   * it leaves when a batch is full or with the commit. Default 100 ms under either guarantee (Kafka Streams: 30 s under
   * at-least-once, where a producer of its own sends earlier). Kafka property `commit.interval.ms`.
   */
  readonly commitInterval?: Duration;
  /**
   * How long a task waits for the empty ones of its partitions that are caught up, so as to process in order of
   * timestamps. Default 0: not at all. Kafka property `max.task.idle.ms`.
   */
  readonly maxTaskIdle?: Duration;
  /**
   * After so long the broker aborts what a dead process left open; readers wait until then. Default 10 s. Kafka property
   * `transaction.timeout.ms`.
   */
  readonly transactionTimeout?: Duration;
  /**
   * `streams`: the coordinator assigns tasks and tells each member of its own alone, so that nobody waits for the others. It needs Apache
   * Kafka 4.2 or later with `streams.version=1`. Standbys, session and heartbeat are then settings of the group on the broker
   * (`streams.num.standby.replicas`, `streams.session.timeout.ms`, `streams.heartbeat.interval.ms`), and what is built on Millrace's own
   * assignor is not to be had: queries of other members, patterns of topics, tasks that move only to warm stores, and taking tasks back at
   * once by `instanceId`. All members of a group must have the same. Default `classic`. Kafka property `group.protocol`.
   */
  readonly groupProtocol?: GroupProtocol;
  /** After so long without a heartbeat a member is taken for dead. Default 45 s. Kafka property `session.timeout.ms`. */
  readonly sessionTimeout?: Duration;
  /** Default 3 s. Kafka property `heartbeat.interval.ms`. */
  readonly heartbeatInterval?: Duration;
  /**
   * A task that fails by itself is closed and built again from what is committed, after a delay that grows from failure to
   * failure (100 ms to 5 s), while the others go on. So many times within {@link taskRestartWindow}: the next failure ends the
   * application. 0: the first one does. Failures that may mend themselves (disposition `retry`) do not count. Default 10.
   */
  readonly maxTaskRestarts?: number;
  /** How long a failure of a task counts. Default 10 minutes. */
  readonly taskRestartWindow?: Duration;
  /** Compression of what is produced. Default `none`. Kafka property `compression.type`. */
  readonly compression?: Compression;
  /**
   * What can keep stores besides the heap, by the names that topologies ask for, such as `{ lmdb: new LmdbStoreEngine(…) }`. Default:
   * none.
   */
  readonly storeEngines?: Readonly<Record<string, StoreEngine>>;
  /** What keeps the stores that name no engine: `memory`, or one of {@link storeEngines}. Default `memory`. */
  readonly defaultStoreEngine?: string;
  /** Copies of internal topics. Default -1: the broker's default. Kafka property `replication.factor`. */
  readonly replicationFactor?: number;
  /**
   * How often this process looks for topics that match the patterns of its topologies. Default 1 min. Kafka property
   * `metadata.max.age.ms`, which is 5 min there.
   */
  readonly patternRefreshInterval?: Duration;
  /**
   * How often brokers are asked to delete what was read from repartition and retry topics and is committed. Default 30 s. Kafka
   * property `repartition.purge.interval.ms` (KIP-204, KIP-811).
   */
  readonly repartitionPurgeInterval?: Duration;
  /**
   * Lets brokers delete changelog records of windows and sessions so long after these have left their store, by the records' own
   * time: `'1d'` is what Kafka Streams does. Default: changelogs are compacted only, as those of events of the past would be
   * deleted at once. Kafka property `windowstore.changelog.additional.retention.ms`.
   */
  readonly windowChangelogRetention?: Duration;
  /** Input that a task holds in memory before its partitions are paused, in bytes. Default 16 MiB. */
  readonly maxBufferedBytesPerTask?: number;
  /**
   * How long `stop` waits for the last commit and for leaving the group before it cuts the connections; what was not
   * committed then is repeated by the next owner. Default 30 s.
   */
  readonly shutdownTimeout?: Duration;
  /**
   * Asked before stream time is advanced over an idle input (`idleAdvance` in the topology); `false` puts it off. For
   * callers that know of input which is about to come, such as a replay that was interrupted. Default: never put off.
   */
  readonly mayAdvanceIdle?: () => boolean;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Default: the machine's randomness. */
  readonly random?: Random;
}

/** {@link StreamsAppOptions} checked, in milliseconds and with every default in place. */
export interface StreamsAppSettings {
  readonly applicationId: string;
  readonly topologies: readonly Topology[];
  readonly cluster: ClusterOptions;
  readonly instanceId: string | undefined;
  /** The instance id, or a random name in its place. */
  readonly processId: string;
  readonly advertisedUrl: () => string | undefined;
  readonly queryTransport: QueryTransport;
  readonly standbyReplicas: number;
  readonly rack: string | undefined;
  readonly acceptableRecoveryLag: number;
  readonly maxWarmupReplicas: number;
  readonly probingRebalanceIntervalMs: number;
  /** The number of the first thread. */
  readonly firstThread: number;
  readonly acceptTopologyChanges: readonly string[];
  readonly policies: ReadonlyMap<string, ErrorPolicy>;
  readonly threads: number;
  readonly processingGuarantee: ProcessingGuarantee;
  readonly commitIntervalMs: number;
  readonly maxTaskIdleMs: number;
  readonly transactionTimeoutMs: number;
  readonly groupProtocol: GroupProtocol;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxTaskRestarts: number;
  readonly taskRestartWindowMs: number;
  readonly compression: Compression;
  readonly storeEngines: StoreEngines;
  readonly replicationFactor: number;
  readonly patternRefreshIntervalMs: number;
  readonly repartitionPurgeIntervalMs: number;
  readonly windowChangelogRetentionMs: number | undefined;
  readonly maxBufferedBytesPerTask: number;
  readonly shutdownTimeoutMs: number;
  readonly mayAdvanceIdle: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
}

const LEGAL_NAME = /^[a-zA-Z0-9._-]{1,200}$/;

/** @throws {ConfigurationError} (stop-app) naming everything that is wrong. */
export function resolveStreamsAppOptions(options: StreamsAppOptions): StreamsAppSettings {
  const problems: string[] = [];
  const settings = readStreamsAppOptions(options, problems);
  if (problems.length === 0) return settings;
  throw new ConfigurationError(`the streams application '${settings.applicationId}'`, problems);
}

/** The settings, of no use where there are problems. @param problems Takes a sentence for everything that is wrong. */
export function readStreamsAppOptions(options: StreamsAppOptions, problems: string[]): StreamsAppSettings {
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
  const { worker } = options;
  const processId = options.instanceId ?? worker?.processId ?? randomName(random);
  const threads = options.threads ?? 1;
  const clientName = worker === undefined ? processId : `${processId}-${worker.index}`;
  const { advertisedUrl } = options;
  const settings: StreamsAppSettings = {
    applicationId: options.applicationId,
    topologies: options.topologies.map((topology) =>
      recoverable(topology, options.policies?.[topology.name], problems),
    ),
    cluster: {
      clientId: `${options.applicationId}-${clientName}`,
      ...(options.rack !== undefined && { rack: options.rack }),
      ...options.cluster,
      clock,
      random,
    },
    instanceId: options.instanceId,
    processId,
    advertisedUrl: typeof advertisedUrl === 'function' ? advertisedUrl : () => advertisedUrl,
    queryTransport: options.queryTransport ?? new HttpQueryTransport(),
    firstThread: (worker?.index ?? 0) * threads,
    standbyReplicas: options.standbyReplicas ?? 0,
    rack: options.rack,
    acceptableRecoveryLag: options.acceptableRecoveryLag ?? 10_000,
    maxWarmupReplicas: options.maxWarmupReplicas ?? 2,
    probingRebalanceIntervalMs: duration('probingRebalanceInterval', options.probingRebalanceInterval, 600_000),
    acceptTopologyChanges: options.acceptTopologyChanges ?? [],
    policies: new Map(
      options.topologies.map(({ name }) => [name, { ...DEFAULT_ERROR_POLICY, ...options.policies?.[name] }]),
    ),
    threads,
    processingGuarantee: options.processingGuarantee ?? 'exactly_once',
    commitIntervalMs: duration('commitInterval', options.commitInterval, 100),
    maxTaskIdleMs: duration('maxTaskIdle', options.maxTaskIdle, 0),
    transactionTimeoutMs: duration('transactionTimeout', options.transactionTimeout, 10_000),
    groupProtocol: options.groupProtocol ?? 'classic',
    sessionTimeoutMs: duration('sessionTimeout', options.sessionTimeout, 45_000),
    heartbeatIntervalMs: duration('heartbeatInterval', options.heartbeatInterval, 3_000),
    maxTaskRestarts: options.maxTaskRestarts ?? 10,
    taskRestartWindowMs: duration('taskRestartWindow', options.taskRestartWindow, 600_000),
    compression: options.compression ?? 'none',
    storeEngines: {
      default: options.defaultStoreEngine ?? MEMORY_ENGINE,
      byName: new Map(Object.entries(options.storeEngines ?? {})),
    },
    replicationFactor: options.replicationFactor ?? -1,
    repartitionPurgeIntervalMs: duration('repartitionPurgeInterval', options.repartitionPurgeInterval, 30_000),
    patternRefreshIntervalMs: duration('patternRefreshInterval', options.patternRefreshInterval, 60_000),
    windowChangelogRetentionMs:
      options.windowChangelogRetention === undefined
        ? undefined
        : duration('windowChangelogRetention', options.windowChangelogRetention, 0),
    maxBufferedBytesPerTask: options.maxBufferedBytesPerTask ?? 16 * 1024 * 1024,
    shutdownTimeoutMs: duration('shutdownTimeout', options.shutdownTimeout, 30_000),
    mayAdvanceIdle: options.mayAdvanceIdle ?? (() => true),
    clock,
    random,
  };
  checkOneOf('processingGuarantee', settings.processingGuarantee, GUARANTEES, problems);
  checkOneOf('groupProtocol', settings.groupProtocol, GROUP_PROTOCOLS, problems);
  checkOneOf('compression', settings.compression, COMPRESSIONS, problems);
  if (settings.groupProtocol === 'streams' && advertisedUrl !== undefined) {
    problems.push("advertisedUrl: with groupProtocol 'streams' members do not learn who has which stores: leave it out, or take 'classic'"); // prettier-ignore
  }
  if (typeof advertisedUrl === 'string' && !/^https?:\/\/[^/]/.test(advertisedUrl)) {
    problems.push(`advertisedUrl: '${advertisedUrl}' is no address such as http://10.0.0.7:3000/queries`);
  }
  problems.push(...problemsOf(settings));
  for (const name of Object.keys(options.policies ?? {})) {
    if (!settings.policies.has(name)) problems.push(`policies: there is no topology '${name}'`);
  }
  return settings;
}

/** The topology with what its error policy needs; as it is when that cannot be. */
function recoverable(topology: Topology, policy: Partial<ErrorPolicy> | undefined, problems: string[]): Topology {
  try {
    return withErrorPolicy(topology, policy ?? {});
  } catch (error) {
    if (!(error instanceof ConfigurationError) && !(error instanceof TopologyError)) throw error;
    problems.push(...error.problems.map((each) => `policies.${topology.name}: ${each}`));
    return topology;
  }
}

function problemsOf(settings: StreamsAppSettings): string[] {
  const problems: string[] = [];
  const nameProblem = 'use 1 to 200 letters, digits, dots, underscores and hyphens';
  if (!LEGAL_NAME.test(settings.applicationId)) {
    problems.push(`applicationId: '${settings.applicationId}' cannot begin the name of a topic: ${nameProblem}`);
  }
  if (!LEGAL_NAME.test(settings.processId))
    problems.push(`instanceId: '${settings.processId}' is not legal: ${nameProblem}`);
  if (settings.topologies.length === 0) problems.push('topologies: there is none to run');
  const names = settings.topologies.map(({ name }) => name);
  for (const name of new Set(names.filter((each, nth) => names.indexOf(each) !== nth))) {
    problems.push(`topologies: two are named '${name}'`);
  }
  if (!Number.isInteger(settings.threads) || settings.threads < 1) {
    problems.push(`threads: ${settings.threads} is not a whole number greater than 0`);
  }
  for (const [name, least] of [
    ['standbyReplicas', 0],
    ['acceptableRecoveryLag', 0],
    ['maxWarmupReplicas', 1],
  ] as const) {
    const value = settings[name];
    if (!Number.isInteger(value) || value < least)
      problems.push(`${name}: ${value} is not a whole number of at least ${least}`);
  }
  if (settings.repartitionPurgeIntervalMs <= 0) problems.push('repartitionPurgeInterval: must be greater than 0');
  if (settings.patternRefreshIntervalMs <= 0) problems.push('patternRefreshInterval: must be greater than 0');
  if (settings.probingRebalanceIntervalMs <= 0) problems.push('probingRebalanceInterval: must be greater than 0');
  if (!Number.isInteger(settings.maxTaskRestarts) || settings.maxTaskRestarts < 0) {
    problems.push(`maxTaskRestarts: ${settings.maxTaskRestarts} is not a whole number of at least 0`);
  }
  if (settings.heartbeatIntervalMs * 2 > settings.sessionTimeoutMs) {
    problems.push('heartbeatInterval: must be at most half of sessionTimeout, so that one lost heartbeat is no death');
  }
  if (
    settings.commitIntervalMs * 2 > settings.transactionTimeoutMs &&
    settings.processingGuarantee === 'exactly_once'
  ) {
    problems.push(
      'commitInterval: must be at most half of transactionTimeout, else the broker aborts what it waits for',
    );
  }
  if (settings.groupProtocol === 'streams') problems.push(...onlyClassic(settings));
  problems.push(...(settings.processingGuarantee === 'exactly_once' ? slowCalls(settings) : onlyExactlyOnce(settings)));
  const stores = settings.topologies.flatMap(({ subTopologies }) => subTopologies.flatMap((each) => each.stores));
  problems.push(...problemsOfEngines(stores, settings.storeEngines));
  if (!(settings.maxBufferedBytesPerTask > 0)) {
    problems.push(`maxBufferedBytesPerTask: ${settings.maxBufferedBytesPerTask} is not a positive number of bytes`);
  }
  return problems;
}

const GUARANTEES: readonly string[] = ['exactly_once', 'at_least_once'] satisfies ProcessingGuarantee[];
const GROUP_PROTOCOLS: readonly string[] = ['classic', 'streams'] satisfies GroupProtocol[];

/** What the coordinator of a streams group decides, or does not know of. */
function onlyClassic({ applicationId, standbyReplicas, topologies }: StreamsAppSettings): string[] {
  const problems: string[] = [];
  if (standbyReplicas > 0) {
    problems.push(
      `standbyReplicas: with groupProtocol 'streams' the broker decides: leave it out, and set streams.num.standby.replicas=${standbyReplicas} of the group by kafka-configs.sh --entity-type groups --entity-name ${applicationId}`,
    );
  }
  for (const { name, subTopologies } of topologies) {
    for (const { node, pattern } of subTopologies.flatMap(({ sources }) => sources)) {
      if (pattern === undefined) continue;
      problems.push(`groupProtocol: '${node}' in '${name}' reads a pattern of topics, which takes 'classic'`);
    }
  }
  return problems;
}

/** A commit waits for the calls that are under way, and the broker for the commit. */
function slowCalls({ topologies, transactionTimeoutMs }: StreamsAppSettings): string[] {
  return topologies.flatMap(({ name, subTopologies }) =>
    subTopologies
      .flatMap(({ nodes }) => nodes)
      .filter(({ longestCallMs = 0 }) => longestCallMs * 2 > transactionTimeoutMs)
      .map(
        (node) =>
          `transactionTimeout: must be at least twice as long as a call of '${node.name}' in '${name}' with all its tries, which is up to ${node.longestCallMs} ms, else the broker aborts what waits for it`,
      ),
  );
}

/** Operators that would lose records at least once. */
function onlyExactlyOnce({ topologies }: StreamsAppSettings): string[] {
  return topologies.flatMap(({ name, subTopologies }) =>
    subTopologies
      .flatMap(({ nodes }) => nodes)
      .filter(({ needsExactlyOnce = false }) => needsExactlyOnce)
      .map(
        (node) =>
          `processingGuarantee: '${node.name}' in '${name}' needs exactly_once, else a crash would make it take the repetition of a record for its copy, and lose it`,
      ),
  );
}

function randomName(random: Random): string {
  return Array.from({ length: 12 }, () => Math.floor(random.next() * 36).toString(36)).join('');
}
