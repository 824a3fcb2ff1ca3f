import { ConfigurationError, isMillraceError, SystemClock, type Clock } from '@millrace/kernel';
import { ecsFormat } from '@elastic/ecs-pino-format';
import { pino, type DestinationStream, type Logger, type LoggerOptions as PinoOptions } from 'pino';
import { redactedPaths } from './redaction.js';

/** How much is logged; each level includes those before it. */
export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What {@link createLogger} can be told. */
export interface LoggerOptions {
  /** Name of the service, in every line. */
  readonly service: string;
  readonly version?: string;
  /** Such as `production`. */
  readonly environment?: string;
  /** Default: `info`. */
  readonly level?: LogLevel;
  /**
   * `json`: pino's own fields (`level`, `time`, `msg`). `ecs`: Elastic Common Schema, which Elasticsearch and OpenSearch index without
   * any mapping. Default: `json`. Both are one JSON text a line; making them pretty is left to the reader's tools.
   */
  readonly format?: 'json' | 'ecs';
  /** Further names of fields whose values are secret. Default: none but `SECRET_FIELDS`. */
  readonly secretFields?: readonly string[];
  /** Where lines go. Default: standard output. */
  readonly destination?: DestinationStream;
  readonly clock?: Clock;
}

/**
 * Makes a pino logger that writes one JSON text a line and hides secrets. Errors go under the key `err`.
 *
 * @throws {ConfigurationError} (stop-app) when the level is none.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { level = 'info', format = 'json', clock = new SystemClock() } = options;
  if (!LOG_LEVELS.includes(level)) {
    throw new ConfigurationError('the logger', [
      `its level is '${String(level)}': it must be one of ${LOG_LEVELS.join(', ')}`,
    ]);
  }
  const settings: PinoOptions = {
    ...(format === 'ecs' ? ecsOptions(options, clock) : jsonOptions(options, clock)),
    level,
    redact: { paths: redactedPaths(options.secretFields), censor: '[hidden]' },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

function isoTime(clock: Clock): string {
  return new Date(clock.nowMs()).toISOString();
}

function jsonOptions({ service, version, environment }: LoggerOptions, clock: Clock): PinoOptions {
  return {
    base: {
      service,
      ...(version === undefined ? {} : { version }),
      ...(environment === undefined ? {} : { environment }),
    },
    timestamp: () => `,"time":"${isoTime(clock)}"`,
    formatters: { level: (label) => ({ level: label }) },
  };
}

function ecsOptions({ service, version, environment }: LoggerOptions, clock: Clock): PinoOptions {
  const ecs = ecsFormat({
    apmIntegration: false,
    convertReqRes: true,
    serviceName: service,
    ...(version === undefined ? {} : { serviceVersion: version }),
    ...(environment === undefined ? {} : { serviceEnvironment: environment }),
  });
  return {
    ...ecs,
    timestamp: () => `,"@timestamp":"${isoTime(clock)}"`,
    formatters: {
      ...ecs.formatters,
      // ECS has fields for the code and for where it happened, which its formatter does not know of our errors.
      log: (fields) => ({ ...ecs.formatters?.log?.(fields), ...errorFields(fields['err']) }),
    },
  };
}

function errorFields(error: unknown): object {
  return isMillraceError(error)
    ? { 'error.code': error.code, 'error.disposition': error.disposition, 'error.place': error.place }
    : {};
}
