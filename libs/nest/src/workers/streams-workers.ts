/**
 * The worker threads of a process, each with the streams in a Nest context of its own.
 *
 *   created ──start──▶ running ──stop──▶ stopped
 *                        │  ▲
 *     a worker ends ─────┤  └── replace-thread: another one, after a delay
 *                        └───── shutdown-client: the others are stopped, finished rejects
 *
 * Invariants: an index has one worker at most; after stop, or a failure that shuts down, none is started any more; what
 * was paused stays so in a worker that replaces another.
 */
import { ConfigurationError, describeError, type FatalError, type Timer } from '@millrace/kernel';
import type { MetricsSnapshot, MetricsSource } from '@millrace/observability';
import { Backoff } from '@millrace/runtime';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { NamedRunnable } from '../module/streams-registry.js';
import { mergedHealth, mergedLag, namesIn } from './merged-status.js';
import { StreamWorker } from './stream-worker.js';
import {
  resolveStreamsWorkersOptions,
  type StreamsWorkersOptions,
  type StreamsWorkersSettings,
} from './streams-workers-options.js';
import type { WorkerStatus } from './worker-messages.js';

/** How long a worker may take to tell its metrics, in milliseconds; one that does not is left out. */
const METRICS_TIMEOUT_MS = 2_000;

/** See the head of this file. */
export class StreamsWorkers implements MetricsSource {
  readonly #settings: StreamsWorkersSettings;
  readonly #logger = new Logger('StreamsWorkers');
  readonly #processId = randomUUID();
  readonly #workers = new Map<number, StreamWorker>();
  readonly #replacements = new Map<number, { count: number; readonly backoff: Backoff }>();
  readonly #timers = new Map<number, Timer>();
  readonly #paused = new Set<string>();
  readonly #completion = Promise.withResolvers<void>();
  #isEnding = false;
  #stopped: Promise<void> | undefined;

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with the options. */
  constructor(options: StreamsWorkersOptions) {
    this.#settings = resolveStreamsWorkersOptions(options);
    // Nobody may be watching.
    this.#completion.promise.catch(() => undefined);
  }

  /** Resolves when the workers have been stopped; rejects with the failure that shut them down otherwise. */
  get finished(): Promise<void> {
    return this.#completion.promise;
  }

  /** What runs in the workers: each application and sink, with its threads in all of them. */
  get running(): readonly NamedRunnable[] {
    return namesIn(this.#statuses()).map((name) => ({
      name,
      app: {
        start: () => this.start(),
        stop: () => this.stop(),
        health: () => mergedHealth(name, this.#statuses()),
        lag: () => mergedLag(name, this.#statuses()),
        finished: this.finished,
      },
    }));
  }

  /**
   * Starts all workers side by side and waits until their streams have joined their groups.
   *
   * @throws {FatalError} (stop-app) `MR_WORKER_FAILED` when one cannot be started; the others are stopped then.
   */
  async start(): Promise<void> {
    const starts = await Promise.allSettled(
      Array.from({ length: this.#settings.threads }, (_, index) => this.#startWorker(index)),
    );
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed === undefined) return;
    await this.stop();
    throw failed.reason;
  }

  /** Stops all workers side by side, each in order: it commits, leaves its groups, closes its context. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll().then(() => this.#completion.resolve());
    return this.#stopped;
  }

  /**
   * Holds topologies back in all workers, also in those that replace another, as `StreamsApp.pause` does.
   *
   * @param topology The name of one. Default: all.
   * @returns when what the workers had processed of them is committed.
   * @throws {ConfigurationError} (stop-app) when no topology has that name.
   */
  async pause(topology?: string): Promise<void> {
    const names = this.#named(topology);
    for (const name of names) this.#paused.add(name);
    await this.#askAll((worker) => worker.ask({ call: 'pause', topology }));
  }

  /** Undoes {@link pause}. Throws as it does. */
  async resume(topology?: string): Promise<void> {
    const names = this.#named(topology);
    for (const name of names) this.#paused.delete(name);
    await this.#askAll((worker) => worker.ask({ call: 'resume', topology }));
  }

  /** The metrics of all workers, each series labelled with its `worker`. */
  async snapshots(): Promise<readonly MetricsSnapshot[]> {
    const answers = await Promise.allSettled(
      [...this.#workers.values()].map((worker) => worker.metrics(METRICS_TIMEOUT_MS)),
    );
    return answers.flatMap((answer) =>
      answer.status === 'fulfilled' && answer.value !== undefined ? [answer.value] : [],
    );
  }

  async #startWorker(index: number): Promise<void> {
    const { moduleUrl, data, service, logLevel, clock } = this.#settings;
    const paused = [...this.#paused];
    const settings = { moduleUrl, index, processId: this.#processId, data, service, logLevel, paused };
    const former = this.#workers.get(index)?.status ?? [];
    const worker = new StreamWorker(settings, former, clock, (error) => this.#failed(index, error));
    this.#workers.set(index, worker);
    await worker.ready();
  }

  #failed(index: number, error: FatalError): void {
    if (this.#isEnding) return;
    const replacement = this.#replacements.get(index) ?? { count: 0, backoff: new Backoff(this.#settings.random) };
    this.#replacements.set(index, replacement);
    const action = this.#settings.actionFor({ index, error, replacements: replacement.count });
    this.#logger.error(`${describeError(error)} (${action})`);
    if (action === 'shutdown-client') {
      this.#completion.reject(error);
      this.stop().catch((trouble: unknown) => this.#logger.error(describeError(trouble)));
      return;
    }
    replacement.count += 1;
    this.#workers.get(index)?.awaitReplacement();
    const replace = (): void => {
      this.#timers.delete(index);
      this.#startWorker(index).catch((failure: FatalError) => this.#failed(index, failure));
    };
    this.#timers.set(index, this.#settings.clock.setTimer(replacement.backoff.nextMs(), replace));
  }

  async #stopAll(): Promise<void> {
    this.#isEnding = true;
    for (const timer of this.#timers.values()) timer.cancel();
    const { shutdownTimeoutMs } = this.#settings;
    await Promise.all(
      [...this.#workers.values()].map((worker) =>
        worker.stop(shutdownTimeoutMs).catch((error: unknown) => this.#logger.error(describeError(error))),
      ),
    );
  }

  async #askAll(ask: (worker: StreamWorker) => Promise<unknown>): Promise<void> {
    await Promise.all([...this.#workers.values()].map(ask));
  }

  #named(topology: string | undefined): readonly string[] {
    const names = [...new Set(this.#statuses().flatMap((status) => status.flatMap(({ topologies }) => topologies)))];
    if (topology === undefined) return names;
    if (names.includes(topology)) return [topology];
    throw new ConfigurationError('the stream workers', [`no topology is named '${topology}'`]);
  }

  #statuses(): readonly (readonly WorkerStatus[])[] {
    return [...this.#workers.values()].map(({ status }) => status);
  }
}
