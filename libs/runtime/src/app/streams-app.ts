import { Cluster } from '@millrace/client';
import { ConfigurationError, type Lifecycle } from '@millrace/kernel';
import type { TopicPartition } from '../assignment/task-layout.js';
import { runtimeChannels } from '../diagnostics/channels.js';
import { TopologyGuard } from '../evolution/topology-guard.js';
import { GlobalTables } from '../global/global-tables.js';
import { GroupDirectory } from '../query/group-directory.js';
import { StoreCatalog } from '../query/store-catalog.js';
import { StoreQueries } from '../query/store-queries.js';
import { PatternWatch } from '../topics/pattern-watch.js';
import { prepareTopics } from '../topics/prepare-topics.js';
import { AppLifecycle } from './app-lifecycle.js';
import type { AppHealth, AppState, PartitionLag } from './app-state.js';
import { planApplication, type ApplicationPlan } from './application-plan.js';
import type { LocalStore } from './local-store.js';
import { readStreamsAppOptions, type StreamsAppOptions, type StreamsAppSettings } from './streams-app-options.js';
import { ThreadHost } from './thread-host.js';
import { TopologyPauses } from './topology-pauses.js';

/** What an application has done since it was started; repetitions after failures included. */
export interface StreamsMetrics {
  readonly recordsProcessed: number;
  /** Records sent to output, repartition and changelog topics. */
  readonly recordsSent: number;
  readonly deadLetters: number;
}

/**
 * Runs topologies against a Kafka cluster, exactly once unless told otherwise.
 *
 * ```ts
 * const app = new StreamsApp({ applicationId: 'enrichment', topologies: [topology], cluster: { bootstrap: ['localhost:9092'] } });
 * await app.start();
 * ```
 *
 * Errors that can be mended are: the work since the last commit is given up and done again. What cannot be mended ends the
 * application: its state becomes `ERROR` and {@link finished} rejects.
 */
export class StreamsApp implements Lifecycle {
  /** Reads of the stores, wherever in the group they are. */
  readonly queries: StoreQueries;
  readonly #settings: StreamsAppSettings;
  readonly #plan: ApplicationPlan;
  readonly #cluster: Cluster;
  readonly #guard: TopologyGuard;
  readonly #globalTables: GlobalTables;
  readonly #directory = new GroupDirectory();
  readonly #catalog: StoreCatalog;
  readonly #pauses: TopologyPauses;
  readonly #lifecycle: AppLifecycle;
  #threads: readonly ThreadHost[] = [];
  #patterns: PatternWatch | undefined;
  #running: Promise<unknown> = Promise.resolve();

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with the options, and with what topologies share. */
  constructor(options: StreamsAppOptions) {
    const problems: string[] = [];
    const settings = readStreamsAppOptions(options, problems);
    this.#settings = settings;
    this.#plan = planApplication(settings.applicationId, settings.topologies, problems, settings);
    if (problems.length > 0)
      throw new ConfigurationError(`the streams application '${settings.applicationId}'`, problems);
    this.#cluster = new Cluster(settings.cluster);
    this.#guard = new TopologyGuard(this.#cluster, settings);
    const { applicationId, topologies, clock, shutdownTimeoutMs } = settings;
    this.#catalog = new StoreCatalog(applicationId, this.#plan);
    this.queries = new StoreQueries({
      member: settings.processId,
      advertisedUrl: settings.advertisedUrl,
      catalog: this.#catalog,
      directory: this.#directory,
      replicasOf: (taskId) => this.#threads.flatMap(({ thread }) => thread.replicas(taskId)),
      transport: settings.queryTransport,
      clock,
    });
    this.#lifecycle = new AppLifecycle({
      what: `the streams application '${applicationId}'`,
      clock,
      shutdownTimeoutMs,
      close: () => this.#close(),
      cutConnections: () => void this.#cluster.stop(),
    });
    this.#pauses = new TopologyPauses(topologies.map(({ name }) => name));
    this.#globalTables = new GlobalTables(this.#cluster, applicationId, topologies, this.#lifecycle.fail);
  }

  get applicationId(): string {
    return this.#settings.applicationId;
  }

  /** The names of its topologies. */
  get topologies(): readonly string[] {
    return this.#settings.topologies.map(({ name }) => name);
  }

  get state(): AppState {
    return this.#lifecycle.state;
  }

  get metrics(): StreamsMetrics {
    const sum = (of: (host: ThreadHost) => number): number =>
      this.#threads.reduce((total, host) => total + of(host), 0);
    return {
      recordsProcessed: sum(({ thread }) => thread.processedRecords),
      recordsSent: sum(({ recordsSent }) => recordsSent),
      deadLetters: sum(({ deadLetters }) => deadLetters),
    };
  }

  /** Resolves when the application has been stopped; rejects with the error that ended it otherwise. */
  get finished(): Promise<void> {
    return this.#lifecycle.finished;
  }

  /**
   * Connects, creates internal topics where they are missing, loads the global tables and joins the group. Does not wait
   * for tasks: {@link health} tells of them.
   *
   * @throws {TopologyChangeError} (stop-app) when what stands under the applicationId cannot go on with these topologies; nothing was
   *   created or changed then.
   * @throws {ConfigurationError} (stop-app) listing everything that is wrong with the topics; nothing was created then.
   * @throws {TransientError} (retry) when no broker can be reached; make a new application to try again.
   */
  async start(): Promise<void> {
    await this.#lifecycle.start(() => this.#open());
    this.#running = Promise.all(this.#threads.map(({ thread }) => thread.run().catch(this.#lifecycle.fail)));
  }

  /** Commits what was processed, leaves the group and disconnects. */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /**
   * Waits until everything up to the present ends of the inputs is processed and committed, and windows over idle inputs
   * are closed where the topology asks for that. Waits for what waits in retry topics and for paused tasks too. Sees the tasks of
   * this process only.
   *
   * @throws the error that ended the application, if one did.
   */
  async drained(): Promise<void> {
    const activity = (): number => this.#threads.reduce((total, { thread }) => total + thread.activity, 0);
    for (;;) {
      const before = activity();
      const drained = Promise.all(this.#threads.map(({ thread }) => thread.drained()));
      await Promise.race([drained, this.#lifecycle.failure]);
      // One thread feeds another: only when none did anything, all have seen the end of everything.
      if (this.#threads.length === 1 || activity() === before) return;
    }
  }

  /**
   * Holds topologies back: nothing new of them is processed, no punctuator of theirs runs. Membership, heartbeats and the
   * restoring of tasks go on, and tasks that come by a rebalance are held back as well. Until the process ends or
   * {@link resume}; other processes are not told. May be called before the start (KIP-834).
   *
   * @param topology The name of one. Default: all.
   * @returns when what this process had processed of them is committed.
   * @throws {ConfigurationError} (stop-app) when no topology has that name.
   */
  async pause(topology?: string): Promise<void> {
    this.#tellPaused(this.#pauses.pause(this.#named(topology)), true);
    await Promise.all(this.#threads.map(({ thread }) => thread.settled()));
  }

  /**
   * Undoes {@link pause}.
   *
   * @throws {ConfigurationError} (stop-app) when no topology has that name.
   */
  resume(topology?: string): void {
    this.#tellPaused(this.#pauses.resume(this.#named(topology)), false);
  }

  health(): AppHealth {
    const threads = this.#threads.map(({ thread }) => thread.health());
    const { paused } = this.#pauses;
    const health = { applicationId: this.#settings.applicationId, state: this.state, threads };
    return paused.length === 0 ? health : { ...health, pausedTopologies: paused };
  }

  /** The stores on this process by role, `name`d ones or all: for queries, which may also ask a standby. */
  localStores(name?: string): LocalStore[] {
    const all = this.#threads.flatMap(({ thread }) => thread.localStores());
    return name === undefined ? all : all.filter((each) => each.name === name);
  }

  /** How far each input partition of this process is behind, as last told by the brokers. */
  lag(): PartitionLag[] {
    return this.#threads.flatMap(({ thread }) => thread.lag());
  }

  #named(topology: string | undefined): readonly string[] {
    const names = this.topologies;
    if (topology === undefined) return names;
    if (names.includes(topology)) return [topology];
    throw new ConfigurationError(`the streams application '${this.applicationId}'`, [
      `no topology is named '${topology}': it has ${names.map((name) => `'${name}'`).join(', ')}`,
    ]);
  }

  #tellPaused(topologies: readonly string[], isPaused: boolean): void {
    if (topologies.length === 0) return;
    runtimeChannels.paused.publish({ applicationId: this.applicationId, topologies, isPaused });
  }

  async #open(): Promise<void> {
    await this.#cluster.start();
    await this.#guard.check();
    const partitionCounts = await prepareTopics(this.#cluster, this.#plan, this.#settings);
    await this.#guard.record();
    this.#catalog.know(partitionCounts);
    await this.#globalTables.start();
    const { threads, firstThread } = this.#settings;
    const patterns = this.#watchPatterns(partitionCounts);
    const surroundings = {
      settings: this.#settings,
      cluster: this.#cluster,
      plan: this.#plan,
      globalTables: this.#globalTables,
      directory: this.#directory,
      pauses: this.#pauses,
      partitionCounts,
      learn: (partitions: readonly TopicPartition[]) => patterns.learn(partitions),
    };
    this.#threads = Array.from(
      { length: threads },
      (_, index) => new ThreadHost(surroundings, firstThread + index, this.#lifecycle.fail),
    );
    for (const host of this.#threads) await host.start();
    patterns.start();
  }

  /** @param partitionCounts Takes the partitions of what is found. */
  #watchPatterns(partitionCounts: Map<string, number>): PatternWatch {
    this.#patterns = new PatternWatch({
      cluster: this.#cluster,
      clock: this.#settings.clock,
      matched: this.#plan.matched,
      intervalMs: this.#settings.patternRefreshIntervalMs,
      partitionCounts,
      prepare: async () => {
        for (const [topic, count] of await prepareTopics(this.#cluster, this.#plan, this.#settings)) {
          partitionCounts.set(topic, count);
        }
        for (const host of this.#threads) host.topicsPrepared();
      },
      found: () => this.#threads.forEach((host) => host.tellTopics()),
      failed: this.#lifecycle.fail,
    });
    return this.#patterns;
  }

  async #close(): Promise<void> {
    this.#guard.stop();
    this.#patterns?.stop();
    for (const { thread } of this.#threads) thread.stop();
    await this.#running;
    await Promise.all(this.#threads.map((host) => host.stop()));
    await this.#globalTables.stop();
    await this.#cluster.stop();
  }
}
