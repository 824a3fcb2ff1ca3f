import {
  ConfigurationError,
  SystemClock,
  SystemRandom,
  toMs,
  type Clock,
  type Duration,
  type FatalError,
  type Random,
} from '@millrace/kernel';
import type { LogLevel } from '@millrace/observability';

/**
 * What is done about a worker thread that has ended by itself (KIP-671):
 *
 * - `replace-thread`: another one takes its place, after a delay that grows from failure to failure;
 * - `shutdown-client`: the other workers of this process are stopped in order, and `finished` rejects.
 */
export type WorkerFailureAction = 'replace-thread' | 'shutdown-client';

/** A worker thread that has ended by itself: by an exception, by `process.exit`, or as a stream in it has failed for good. */
export interface WorkerFailure {
  /** Which of the workers. */
  readonly index: number;
  readonly error: FatalError;
  /** How often a worker of this index was replaced already. */
  readonly replacements: number;
}

/** How to run streams on worker threads. */
export interface StreamsWorkersOptions {
  /**
   * URL of the compiled file whose default export is the module of the streams: a module class, a dynamic module, or a
   * function of {@link data} that returns one. Each worker imports it anew, so each has providers and stores of its own.
   */
  readonly module: URL;
  /** How many workers. Kafka property `num.stream.threads`. */
  readonly threads: number;
  /** Handed to the function that the file exports; anything that can be cloned between threads. */
  readonly data?: unknown;
  /** What is done about a worker that ends by itself. Default `shutdown-client`, as in Kafka Streams. */
  readonly onFailure?: WorkerFailureAction | ((failure: WorkerFailure) => WorkerFailureAction);
  /**
   * How long a worker may take to stop in order before its thread is ended; longer than the `shutdownTimeout` of the
   * applications in it (30 s). What was not committed then is repeated by the next owner. Default 35 s.
   */
  readonly shutdownTimeout?: Duration;
  /** Name of the service in the workers' logs and metrics. Default `streams`. */
  readonly service?: string;
  /** Default `info`. */
  readonly logLevel?: LogLevel;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Default: the machine's randomness. */
  readonly random?: Random;
}

/** {@link StreamsWorkersOptions} checked, in milliseconds and with every default in place. */
export interface StreamsWorkersSettings {
  readonly moduleUrl: string;
  readonly threads: number;
  readonly data: unknown;
  readonly actionFor: (failure: WorkerFailure) => WorkerFailureAction;
  readonly shutdownTimeoutMs: number;
  readonly service: string;
  readonly logLevel: LogLevel;
  readonly clock: Clock;
  readonly random: Random;
}

/** @throws {ConfigurationError} (stop-app) naming everything that is wrong. */
export function resolveStreamsWorkersOptions(options: StreamsWorkersOptions): StreamsWorkersSettings {
  const problems: string[] = [];
  const { module, threads, onFailure = 'shutdown-client' } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    problems.push(`threads: ${threads} is not a whole number greater than 0`);
  }
  if (module.protocol !== 'file:') problems.push(`module: ${module.href} is not the URL of a file`);
  let shutdownTimeoutMs = 0;
  try {
    shutdownTimeoutMs = toMs(options.shutdownTimeout ?? '35s');
  } catch (error) {
    problems.push(`shutdownTimeout: ${(error as ConfigurationError).problems.join('; ')}`);
  }
  if (problems.length > 0) throw new ConfigurationError('the stream workers', problems);
  return {
    moduleUrl: module.href,
    threads,
    data: options.data,
    actionFor: typeof onFailure === 'function' ? onFailure : () => onFailure,
    shutdownTimeoutMs,
    service: options.service ?? 'streams',
    logLevel: options.logLevel ?? 'info',
    clock: options.clock ?? new SystemClock(),
    random: options.random ?? new SystemRandom(),
  };
}
