/**
 * What a worker thread runs: a Nest context of its own around the module of the streams, and answers to the main thread.
 *
 *   created ─► ready ─► (status | answer)* ─► failed | stopped ─► the thread ends
 */
import { isMainThread, parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { SystemClock, describeError, isMillraceError } from '@millrace/kernel';
import { METRICS_REGISTRY, createLogger, type MetricsSnapshot } from '@millrace/observability';
import { runtimeChannels, StreamsApp } from '@millrace/runtime';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Registry } from 'prom-client';
import { StreamsRegistry } from '../module/streams-registry.js';
import { StreamsRunner } from '../module/streams-runner.js';
import { NestLog } from '../service/nest-log.js';
import type { WorkerErrorText, WorkerMessage, WorkerRequest, WorkerSettings, WorkerStatus } from './worker-messages.js';
import { workerRootModule } from './worker-root.module.js';

/** How often a worker reports without being asked, in milliseconds; changes of states are reported at once. */
const STATUS_INTERVAL_MS = 1_000;

/** The text of a foreign error may hold a payload; only its name leaves the thread. */
function textOf(error: unknown): WorkerErrorText {
  return { text: isMillraceError(error) || !(error instanceof Error) ? describeError(error) : error.name };
}

/** Answers the main thread from a Nest context. */
class WorkerThread {
  readonly #port: MessagePort;
  readonly #context: INestApplicationContext;
  readonly #registry: StreamsRegistry;
  readonly #clock = new SystemClock();
  #isReportDue = false;

  constructor(port: MessagePort, context: INestApplicationContext) {
    this.#port = port;
    this.#context = context;
    this.#registry = context.get(StreamsRegistry);
  }

  run(): void {
    this.#tell({ kind: 'ready', status: this.#status() });
    for (const changed of [runtimeChannels.threadState, runtimeChannels.taskState, runtimeChannels.paused]) {
      changed.subscribe(() => this.#reportSoon());
    }
    this.#reportRegularly();
    this.#port.on('message', (request: WorkerRequest) => void this.#answer(request));
    this.#context
      .get(StreamsRunner)
      .finished()
      .catch(async (error: unknown) => {
        // What is left of the streams leaves its groups; what goes wrong then is not the reason.
        await this.#context.close().catch(() => undefined);
        this.#tell({ kind: 'failed', error: textOf(error) });
      });
  }

  async #answer(request: WorkerRequest): Promise<void> {
    const { id } = request;
    try {
      const metrics = await this.#do(request);
      this.#tell({ kind: 'answer', id, ...(metrics === undefined ? {} : { metrics }) });
    } catch (error) {
      this.#tell({ kind: 'answer', id, error: textOf(error) });
    }
  }

  async #do(request: WorkerRequest): Promise<MetricsSnapshot | undefined> {
    switch (request.call) {
      case 'stop':
        await this.#context.close();
        return undefined;
      case 'metrics':
        return this.#context.get<Registry>(METRICS_REGISTRY, { strict: false }).getMetricsAsJSON();
      case 'pause':
        await this.#registry.pause(request.topology);
        return undefined;
      case 'resume':
        this.#registry.resume(request.topology);
        return undefined;
    }
  }

  #status(): WorkerStatus[] {
    return this.#registry.running.map(({ name, app }) => ({
      name,
      health: app.health(),
      lag: app.lag(),
      topologies: app instanceof StreamsApp ? app.topologies : [],
    }));
  }

  #reportSoon(): void {
    if (this.#isReportDue) return;
    this.#isReportDue = true;
    setImmediate(() => {
      this.#isReportDue = false;
      this.#tell({ kind: 'status', status: this.#status() });
    });
  }

  #reportRegularly(): void {
    this.#clock.setTimer(
      STATUS_INTERVAL_MS,
      () => {
        this.#tell({ kind: 'status', status: this.#status() });
        this.#reportRegularly();
      },
      { unref: true },
    );
  }

  #tell(message: WorkerMessage): void {
    this.#port.postMessage(message);
  }
}

async function main(port: MessagePort, settings: WorkerSettings): Promise<void> {
  const { index, service, logLevel } = settings;
  const logger = createLogger({ service, level: logLevel }).child({ worker: index });
  const root = await workerRootModule(settings, logger);
  const context = await NestFactory.createApplicationContext(root, {
    logger: new NestLog(logger),
    abortOnError: false,
  });
  new WorkerThread(port, context).run();
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  main(port, workerData as WorkerSettings).catch((error: unknown) => {
    port.postMessage({ kind: 'failed', error: textOf(error) } satisfies WorkerMessage);
    port.close();
  });
}
