import { InProcessCache } from '@millrace/cache';
import { AGGREGATION_APP } from '@millrace/app-aggregation';
import { ENRICHMENT_APP } from '@millrace/app-enrichment';
import type { Clock } from '@millrace/kernel';
import { createLogger } from '@millrace/observability';
import { topics } from '@millrace/schemas';
import { writeFile } from 'node:fs/promises';
import { destination } from 'pino';
import { checkOutputs } from '../cli/check-outputs.js';
import { EXIT_CODES, type ExitCode } from '../cli/exit-codes.js';
import type { StandaloneOptions } from '../cli/options.js';
import { asRunFailure } from '../cli/run-failure.js';
import { readDataDirectory } from '../data/data-directory.js';
import { exportResults } from '../export/export-results.js';
import { Pipeline } from '../hosting/pipeline.js';
import { showProgress } from '../progress/show-progress.js';
import { Backlog } from '../replay/backlog.js';
import { loadPlan } from '../replay/load-plan.js';
import type { ReplayPlan } from '../replay/replay-plan.js';
import { ReplayProducer } from '../replay/replay-producer.js';
import { Replay } from '../replay/replay.js';
import { StateDirectory } from '../state/state-directory.js';
import { settingsOf } from '../state/state-settings.js';
import { RunFigures } from '../summary/run-figures.js';
import type { RunSummary } from '../summary/run-summary.js';
import { summarize } from '../summary/summarize.js';
import { summaryTable } from '../summary/summary-table.js';
import type { Interruption } from './interruption.js';
import { startServices, type Services } from './services.js';
import { StageTimes } from './stage-times.js';
import type { Terminal } from './terminal.js';

/** Limits of the ingest endpoint. */
const INGEST_HTTP = {
  maxBodyBytes: 5_000_000,
  maxEvents: 10_000,
  maxRequestsPerSecond: 1_000,
  ackTimeoutMs: 10_000,
} as const;

/**
 * Most records that may be published and not yet enriched. It bounds the latency, and how far one partition can be ahead of
 * another, also while one is being restored: 20,000 records are three weeks of the data, less than the grace of any window.
 */
const MAX_BACKLOG = 20_000;

/** What a run works with. */
export interface StandaloneRunParts {
  readonly options: StandaloneOptions;
  readonly terminal: Terminal;
  readonly interruption: Interruption;
  readonly clock: Clock;
}

/**
 * One run: starts the services, replays the data through the apps, waits until everything is in the sinks, sums up, and then
 * either ends (`--once`) or stays up until it is interrupted. Whatever happens, what was started is stopped in reverse order.
 */
export class StandaloneRun {
  readonly #parts: StandaloneRunParts;
  readonly #stages: StageTimes;
  readonly #closing = new AsyncDisposableStack();

  constructor(parts: StandaloneRunParts) {
    this.#parts = parts;
    this.#stages = new StageTimes(parts.clock);
  }

  /** @throws {RunFailure} that says with which exit code the process is to end. */
  async run(): Promise<ExitCode> {
    try {
      return await this.#run();
    } catch (cause) {
      throw asRunFailure(cause, EXIT_CODES.pipelineFailed, 'The pipeline failed');
    } finally {
      await this.#closing.disposeAsync();
    }
  }

  async #run(): Promise<ExitCode> {
    const { options, interruption, clock } = this.#parts;
    const { services, plan } = await this.#start();
    const producer = new ReplayProducer(plan, services.cluster);
    await producer.start();
    this.#closing.defer(() => producer.stop());
    const atStart = producer.position;
    const backlog = this.#backlog(services);
    const replay = new Replay({ plan, producer, backlog, clock, ratePerSecond: options.ratePerSecond });
    const figures = new RunFigures();
    this.#closing.defer(() => figures.close());

    const startedMs = clock.monotonicMs();
    await replay.prepare();
    const pipeline = await this.#startPipeline(services, () => producer.isDone && !interruption.isRequested);
    const done = await untilFailure(pipeline, async () => {
      const progress = showProgress(this.#parts.terminal, clock, () => ({
        published: plan.eventsBefore(producer.position),
        total: plan.events,
        lag: backlog.records,
        stage: producer.isDone ? 'drain' : 'replay',
      }));
      try {
        await this.#stages.measure('replay', () => replay.run(interruption.signal));
        return await this.#drained(pipeline);
      } finally {
        progress.close();
      }
    });
    if (!done) return EXIT_CODES.interrupted;

    const durationMs = clock.monotonicMs() - startedMs;
    await this.#stages.measure('export', () => this.#export(services, pipeline));
    const summary = await summarize({
      plan,
      positions: { atStart, now: producer.position },
      durationMs,
      stagesMs: this.#stages.totalsMs(),
      figures,
      cluster: services.cluster,
      dataSource: pipeline.dataSource,
      store: services.store,
    });
    await this.#show(summary);
    if (options.once) return EXIT_CODES.ok;
    await untilFailure(pipeline, () => interruption.requested());
    return EXIT_CODES.ok;
  }

  async #start(): Promise<{ readonly services: Services; readonly plan: ReplayPlan }> {
    const { options, terminal } = this.#parts;
    await checkOutputs(options);
    const files = await readDataDirectory(options.dataDir);
    const state = await StateDirectory.open(options.stateDir, settingsOf(options, files.sha256));
    this.#closing.defer(() => state.close());
    const [services, plan] = await Promise.allSettled([
      this.#stages.measure('start', () => startServices(options, state, this.#closing, terminal.err)),
      this.#stages.measure('load', () => loadPlan(files, options)),
    ]);
    if (services.status === 'rejected') throw services.reason;
    if (plan.status === 'rejected') throw plan.reason;
    return { services: services.value, plan: plan.value };
  }

  #backlog({ cluster }: Services): Backlog {
    const sources = [
      { groupId: ENRICHMENT_APP, topics: [topics.departures.name, topics.weather.name] },
      { groupId: AGGREGATION_APP, topics: [topics.enriched.name] },
    ];
    return new Backlog(cluster, sources, MAX_BACKLOG);
  }

  async #startPipeline(services: Services, mayAdvanceIdle: () => boolean): Promise<Pipeline> {
    const { options, terminal, clock } = this.#parts;
    const start = (): Promise<Pipeline> =>
      Pipeline.start(
        {
          cluster: services.brokers.cluster,
          postgres: services.postgres,
          store: services.store,
          cache: new InProcessCache({ name: 'latest-hours', ttl: '10m', clock }),
          ingest: INGEST_HTTP,
          logger: createLogger({ service: 'standalone', level: 'warn', destination: destination(2) }),
          mayAdvanceIdle,
        },
        options.httpPort,
        (taken) => terminal.err(`Port ${taken} is taken: HTTP is served on another one. Choose by --port.\n`),
      );
    try {
      const pipeline = await this.#stages.measure('start', start);
      this.#closing.defer(() => pipeline.stop());
      terminal.err(addresses(await pipeline.url(), services.brokers.address, services.postgres.url ?? ''));
      return pipeline;
    } catch (cause) {
      throw asRunFailure(cause, EXIT_CODES.startFailed, 'The apps did not start');
    }
  }

  /** @returns false when the run was interrupted before everything was in the sinks. */
  async #drained(pipeline: Pipeline): Promise<boolean> {
    const { interruption } = this.#parts;
    if (interruption.isRequested) return false;
    const drained = this.#stages.measure('drain', () => pipeline.drained());
    await Promise.race([drained, interruption.requested()]);
    return !interruption.isRequested;
  }

  async #export({ store }: Services, pipeline: Pipeline): Promise<void> {
    const { exportDir } = this.#parts.options;
    if (exportDir !== undefined) await exportResults(exportDir, { dataSource: pipeline.dataSource, store });
  }

  async #show(summary: RunSummary): Promise<void> {
    const { options, terminal } = this.#parts;
    terminal.out(summaryTable(summary));
    if (options.jsonFile !== undefined) await writeFile(options.jsonFile, `${JSON.stringify(summary, null, 2)}\n`);
    if (!options.once) terminal.err('Everything is in the sinks. The pipeline stays up; Ctrl-C ends it.\n');
  }
}

/** Does `work`, unless one of the apps ends by itself before. @throws the error that ended it. */
async function untilFailure<T>(pipeline: Pipeline, work: () => Promise<T>): Promise<T> {
  const ended = pipeline.finished().then((): never => {
    throw new Error('an app was stopped before its time');
  });
  return Promise.race([work(), ended]);
}

function addresses(url: string, broker: string, postgres: string): string {
  return [
    `HTTP        ${url}  (/health, /metrics, POST /v1/events/<topic>, GET /v1/airports/<code>/latest)`,
    `Kafka       ${broker}`,
    `PostgreSQL  ${postgres}`,
    '',
  ].join('\n');
}
