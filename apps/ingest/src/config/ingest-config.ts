import { ConfigurationError } from '@millrace/kernel';
import { z } from 'zod';

const count = (least: number, most: number): z.ZodType<number> => z.coerce.number().int().min(least).max(most);

const environment = z.object({
  /** `host:port` of some brokers, commas between. */
  MILLRACE_BROKERS: z
    .string({ error: 'is missing: name at least one broker as host:port' })
    .transform((text) => text.split(',').map((each) => each.trim())),
  MILLRACE_HTTP_HOST: z.string().default('0.0.0.0'),
  MILLRACE_HTTP_PORT: count(0, 65_535).default(3000),
  /** Greatest body of a request, in bytes. */
  MILLRACE_INGEST_MAX_BODY_BYTES: count(1, 100_000_000).default(5_000_000),
  /** Most events in a request. */
  MILLRACE_INGEST_MAX_EVENTS: count(1, 1_000_000).default(10_000),
  /** Most requests of one client in a second. */
  MILLRACE_INGEST_MAX_REQUESTS_PER_SECOND: count(1, 1_000_000).default(1_000),
  /** How long a request waits for the brokers' acknowledgement, in milliseconds. */
  MILLRACE_INGEST_ACK_TIMEOUT_MS: count(1, 600_000).default(10_000),
});

/** How the HTTP side of ingest behaves. */
export interface IngestHttpConfig {
  /** Greatest body of a request, in bytes. Default 5,000,000. */
  readonly maxBodyBytes: number;
  /** Most events in a request. Default 10,000. */
  readonly maxEvents: number;
  /** Most requests of one client in a second. Default 1,000. */
  readonly maxRequestsPerSecond: number;
  /** How long a request waits for the brokers' acknowledgement, in milliseconds. Default 10,000. */
  readonly ackTimeoutMs: number;
}

/** How ingest runs on its own. */
export interface IngestConfig extends IngestHttpConfig {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/**
 * Reads the configuration from environment variables; the README has the table.
 *
 * @throws {ConfigurationError} (stop-app) that lists every problem at once.
 */
export function readIngestConfig(variables: Readonly<Record<string, string | undefined>>): IngestConfig {
  const parsed = environment.safeParse(variables);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
    throw new ConfigurationError('the configuration of ingest', problems, { cause: parsed.error });
  }
  const { data } = parsed;
  return {
    brokers: data.MILLRACE_BROKERS,
    host: data.MILLRACE_HTTP_HOST,
    port: data.MILLRACE_HTTP_PORT,
    maxBodyBytes: data.MILLRACE_INGEST_MAX_BODY_BYTES,
    maxEvents: data.MILLRACE_INGEST_MAX_EVENTS,
    maxRequestsPerSecond: data.MILLRACE_INGEST_MAX_REQUESTS_PER_SECOND,
    ackTimeoutMs: data.MILLRACE_INGEST_ACK_TIMEOUT_MS,
  };
}
