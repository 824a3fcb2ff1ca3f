import { ConfigurationError } from '@millrace/kernel';
import { z } from 'zod';

const environment = z.object({
  MILLRACE_BROKERS: z
    .string({ error: 'is missing: name at least one broker as host:port' })
    .transform((text) => text.split(',').map((each) => each.trim())),
  MILLRACE_DATABASE_URL: z.url({ error: 'is missing or no URL: postgres://user:password@host:port/database' }),
  MILLRACE_REDIS_URL: z.url().optional(),
  MILLRACE_INSTANCE_ID: z.string().optional(),
  MILLRACE_STREAM_THREADS: z.coerce.number().int().min(1).max(64).default(1),
  MILLRACE_HTTP_HOST: z.string().default('0.0.0.0'),
  MILLRACE_HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(3002),
  MILLRACE_LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
});

/** How aggregation runs on its own; the README has the table of variables. */
export interface AggregationConfig {
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  /** Undefined: the cache of the latest hours lives in the process. */
  readonly redisUrl: string | undefined;
  readonly instanceId: string | undefined;
  readonly threads: number;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly logLevel: z.infer<typeof environment>['MILLRACE_LOG_LEVEL'];
}

/**
 * Reads the configuration from environment variables.
 *
 * @throws {ConfigurationError} (stop-app) that lists every problem at once.
 */
export function readAggregationConfig(variables: Readonly<Record<string, string | undefined>>): AggregationConfig {
  const parsed = environment.safeParse(variables);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
    throw new ConfigurationError('the configuration of aggregation', problems, { cause: parsed.error });
  }
  const { data } = parsed;
  return {
    brokers: data.MILLRACE_BROKERS,
    databaseUrl: data.MILLRACE_DATABASE_URL,
    redisUrl: data.MILLRACE_REDIS_URL,
    instanceId: data.MILLRACE_INSTANCE_ID,
    threads: data.MILLRACE_STREAM_THREADS,
    host: data.MILLRACE_HTTP_HOST,
    port: data.MILLRACE_HTTP_PORT,
    logLevel: data.MILLRACE_LOG_LEVEL,
  };
}
