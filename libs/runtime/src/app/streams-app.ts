import { Cluster } from '@millrace/client';
import { ConfigurationError, type Lifecycle } from '@millrace/kernel';
import { GlobalTables } from '../global/global-tables.js';
import { GroupDirectory } from '../query/group-directory.js';
import { StoreCatalog } from '../query/store-catalog.js';
import { StoreQueries } from '../query/store-queries.js';
import { ensureTopics, partitionCountsOf } from '../topics/ensure-topics.js';
import { checkCoPartitioning, planDeadLetterTopics, planInternalTopics } from '../topics/topic-plan.js';
import { checkAppTransition, type AppHealth, type AppState, type PartitionLag } from './app-state.js';
import { planApplication, type ApplicationPlan } from './application-plan.js';
import type { LocalStore } from './local-store.js';
import { Completion } from './completion.js';
import { resolveStreamsAppOptions, type StreamsAppOptions, type StreamsAppSettings } from './streams-app-options.js';
import { ThreadHost } from './thread-host.js';

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
  readonly #globalTables: GlobalTables;
  readonly #directory = new GroupDirectory();
  readonly #catalog: StoreCatalog;
  readonly #completion = new Completion();
  #threads: readonly ThreadHost[] = [];
  #running: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;
  #state: AppState = 'CREATED';
  /** Stopping took too long: what fails from now on fails because the connections were cut. */
  #isCut = false;

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with the options. */
  constructor(options: StreamsAppOptions) {
    const settings = resolveStreamsAppOptions(options);
    const problems: string[] = [];
    this.#settings = settings;
    this.#plan = planApplication(settings.applicationId, settings.topologies, problems);
    if (problems.length > 0)
      throw new ConfigurationError(`the streams application '${settings.applicationId}'`, problems);
    this.#cluster = new Cluster(settings.cluster);
    const { applicationId, topologies, processId, clock, queryTransport } = settings;
    this.#catalog = new StoreCatalog(applicationId, this.#plan);
    this.queries = new StoreQueries({
      member: processId,
      catalog: this.#catalog,
      directory: this.#directory,
      replicasOf: (taskId) => this.#threads.flatMap(({ thread }) => thread.replicas(taskId)),
      transport: queryTransport,
      clock,
    });
    this.#globalTables = new GlobalTables(this.#cluster, applicationId, topologies, (error) => this.#fail(error));
  }

  get applicationId(): string {
    return this.#settings.applicationId;
  }

  get state(): AppState {
    return this.#state;
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
    return this.#completion.promise;
  }

  /**
   * Connects, creates internal topics where they are missing, loads the global tables and joins the group. Does not wait
   * for tasks: {@link health} tells of them.
   *
   * @throws {ConfigurationError} (stop-app) when topics are missing or have partition counts that do not fit.
   * @throws {TransientError} (retry) when no broker can be reached; make a new application to try again.
   */
  async start(): Promise<void> {
    this.#moveTo('STARTING');
    try {
      await this.#cluster.start();
      const partitionCounts = await this.#prepareTopics();
      this.#catalog.know(partitionCounts);
      await this.#globalTables.start();
      const { threads } = this.#settings;
      const surroundings = {
        settings: this.#settings,
        cluster: this.#cluster,
        plan: this.#plan,
        globalTables: this.#globalTables,
        directory: this.#directory,
        partitionCounts,
      };
      this.#threads = Array.from(
        { length: threads },
        (_, index) => new ThreadHost(surroundings, index, (error) => this.#fail(error)),
      );
      for (const host of this.#threads) await host.start();
    } catch (error) {
      this.#state = 'ERROR';
      await this.#close();
      throw error;
    }
    this.#moveTo('RUNNING');
    this.#running = Promise.all(
      this.#threads.map(({ thread }) => thread.run().catch((error: unknown) => this.#fail(error))),
    );
  }

  /** Commits what was processed, leaves the group and disconnects. */
  async stop(): Promise<void> {
    if (this.#state === 'CREATED') return;
    if (this.#state === 'STARTING' || this.#state === 'RUNNING') this.#moveTo('PENDING_SHUTDOWN');
    await this.#close();
    if (this.state !== 'PENDING_SHUTDOWN') return;
    this.#moveTo('STOPPED');
    this.#completion.resolve();
  }

  /**
   * Waits until everything up to the present ends of the inputs is processed and committed, and windows over idle inputs
   * are closed where the topology asks for that. Waits for what waits in retry topics too. Sees the tasks of this process only.
   *
   * @throws the error that ended the application, if one did.
   */
  async drained(): Promise<void> {
    const activity = (): number => this.#threads.reduce((total, { thread }) => total + thread.activity, 0);
    for (;;) {
      const before = activity();
      const drained = Promise.all(this.#threads.map(({ thread }) => thread.drained()));
      await Promise.race([drained, this.#completion.failure]);
      // One thread feeds another: only when none did anything, all have seen the end of everything.
      if (this.#threads.length === 1 || activity() === before) return;
    }
  }

  health(): AppHealth {
    const threads = this.#threads.map(({ thread }) => thread.health());
    return { applicationId: this.#settings.applicationId, state: this.#state, threads };
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

  async #prepareTopics(): Promise<ReadonlyMap<string, number>> {
    const { externalTopics, internalTopics, deadLetterSources, subTopologies } = this.#plan;
    const { applicationId, replicationFactor } = this.#settings;
    const counts = await partitionCountsOf(this.#cluster, externalTopics);
    const problems: string[] = [];
    const internal = planInternalTopics(internalTopics, counts, problems);
    for (const { name, partitions } of internal) counts.set(name, partitions);
    checkCoPartitioning(
      subTopologies.flatMap(({ coPartitionGroups }) => coPartitionGroups),
      counts,
      problems,
    );
    if (problems.length > 0) throw new ConfigurationError(`the topics of '${applicationId}'`, problems);
    await ensureTopics(this.#cluster, internal, replicationFactor);
    const deadLetters = planDeadLetterTopics(deadLetterSources, counts);
    await ensureTopics(this.#cluster, deadLetters, replicationFactor, { mayDiffer: true });
    for (const { name } of deadLetters) counts.set(name, await this.#cluster.partitionCount(name));
    return counts;
  }

  #fail(error: unknown): void {
    if (this.#state === 'STOPPED' || this.#state === 'ERROR') return;
    if (this.#isCut && this.#state === 'PENDING_SHUTDOWN') return;
    this.#moveTo('ERROR');
    this.#completion.reject(error);
    // Others must get the tasks now: the group is left without waiting for stop(), which tells of what goes wrong here.
    this.#close().catch(() => undefined);
  }

  #close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    const { clock, shutdownTimeoutMs } = this.#settings;
    // Without connections everything that still waits for a broker fails at once.
    const cut = (): void => {
      this.#isCut = true;
      void this.#cluster.stop();
    };
    const patience = clock.setTimer(shutdownTimeoutMs, cut, { unref: true });
    for (const { thread } of this.#threads) thread.stop();
    await this.#running;
    await Promise.all(this.#threads.map((host) => host.stop()));
    await this.#globalTables.stop();
    patience.cancel();
    await this.#cluster.stop();
  }

  #moveTo(state: AppState): void {
    checkAppTransition(`the streams application '${this.#settings.applicationId}'`, this.#state, state);
    this.#state = state;
  }
}
