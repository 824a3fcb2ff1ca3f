import { Worker } from 'node:worker_threads';
import { FatalError, TransientError, describeError, isMillraceError, type Clock } from '@millrace/kernel';
import type { MetricsSnapshot } from '@millrace/observability';
import type { AppState, ThreadState } from '@millrace/runtime';
import type { WorkerCall, WorkerMessage, WorkerSettings, WorkerStatus } from './worker-messages.js';

interface Question {
  readonly resolve: (metrics: MetricsSnapshot | undefined) => void;
  readonly reject: (error: Error) => void;
}

const ENTRY = new URL('./worker-main.js', import.meta.url);
/** Room for young objects: what `--max-semi-space-size=64` gives the main thread. See docs/design/performance.md. */
const YOUNG_GENERATION_MIB = 192;

/** A worker thread as the main thread sees it: from its start to its end, asked for or not. */
export class StreamWorker {
  readonly index: number;
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #questions = new Map<number, Question>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  readonly #failed: (error: FatalError) => void;
  #status: readonly WorkerStatus[];
  #lastId = 0;
  #isReady = false;
  #isStopping = false;
  #cause: unknown;
  #told: string | undefined;

  /**
   * @param status What its index did before it: shown until it is ready.
   * @param failed Called once, when the thread has ended by itself after it was ready.
   */
  constructor(
    settings: WorkerSettings,
    status: readonly WorkerStatus[],
    clock: Clock,
    failed: (error: FatalError) => void,
  ) {
    this.#status = status;
    this.index = settings.index;
    this.#clock = clock;
    this.#failed = failed;
    this.#ready.promise.catch(() => undefined);
    this.#worker = new Worker(ENTRY, {
      workerData: settings,
      name: `streams-${settings.index}`,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
    this.#worker.on('message', (message: WorkerMessage) => this.#take(message));
    this.#worker.on('error', (error: unknown) => {
      this.#cause = error;
    });
    this.#worker.on('exit', (exitCode) => this.#ended(exitCode));
  }

  /** What runs in it, as last reported. */
  get status(): readonly WorkerStatus[] {
    return this.#status;
  }

  /** Resolves when everything in it is started. @throws {FatalError} (stop-app) `MR_WORKER_FAILED` when that fails. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** It has ended, and another one will take its place. */
  awaitReplacement(): void {
    this.#showAs('STARTING', 'STARTING');
  }

  /** @throws {FatalError} (stop-app) `MR_WORKER_FAILED` when it fails or the thread has ended. */
  ask(call: WorkerCall): Promise<MetricsSnapshot | undefined> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject });
      this.#worker.postMessage({ ...call, id });
    });
  }

  /** The metrics of its registry. @throws {TransientError} (retry) when it does not answer in time. */
  metrics(timeoutMs: number): Promise<MetricsSnapshot | undefined> {
    return this.#inTime(this.ask({ call: 'metrics' }), timeoutMs, 'tell its metrics');
  }

  /**
   * Stops everything in it in order, then ends the thread.
   *
   * @throws {TransientError} (retry) when that takes too long; the thread is ended all the same.
   */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    try {
      await this.#inTime(Promise.race([this.ask({ call: 'stop' }), this.#exited.promise]), timeoutMs, 'stop');
    } finally {
      await this.#worker.terminate();
    }
  }

  async #inTime<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = this.#clock.setTimer(timeoutMs, () => {
      const message = `worker thread ${this.index} did not ${what} within ${timeoutMs} ms`;
      late.reject(new TransientError('MR_WORKER_FAILED', message, { place: { worker: this.index } }));
    });
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  #take(message: WorkerMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#status = message.status;
        this.#isReady = true;
        this.#ready.resolve();
        break;
      case 'status':
        this.#status = message.status;
        break;
      case 'failed':
        this.#told ??= message.error.text;
        void this.#worker.terminate();
        break;
      case 'answer': {
        const question = this.#questions.get(message.id);
        this.#questions.delete(message.id);
        if (message.error === undefined) question?.resolve(message.metrics);
        else question?.reject(this.#error(message.error.text));
      }
    }
  }

  #ended(exitCode: number): void {
    const error = this.#error(this.#told ?? causeText(this.#cause, exitCode));
    this.#showAs('ERROR', 'DEAD', error);
    for (const { reject } of this.#questions.values()) reject(error);
    this.#questions.clear();
    this.#ready.reject(error);
    this.#exited.resolve();
    if (this.#isReady && !this.#isStopping) this.#failed(error);
  }

  #showAs(state: AppState, threadState: ThreadState, failure?: FatalError): void {
    const lastFailure = failure === undefined ? {} : { lastFailure: describeError(failure) };
    this.#status = this.#status.map((each) => {
      const threads = each.health.threads.map((thread) => ({
        ...thread,
        ...lastFailure,
        state: threadState,
        tasks: [],
      }));
      return { ...each, lag: [], health: { ...each.health, state, threads } };
    });
  }

  #error(text: string): FatalError {
    return new FatalError('MR_WORKER_FAILED', `worker thread ${this.index} has failed: ${text}`, {
      place: { worker: this.index },
      cause: this.#cause,
    });
  }
}

/** The text of a foreign error may hold a payload; it stays in the cause. */
function causeText(cause: unknown, exitCode: number): string {
  if (isMillraceError(cause)) return `${cause.code}: ${cause.message}`;
  if (cause instanceof Error) return `an uncaught ${cause.name}`;
  return `it ended with exit code ${exitCode}`;
}
