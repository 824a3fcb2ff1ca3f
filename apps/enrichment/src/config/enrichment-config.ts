import { ConfigurationError } from '@millrace/kernel';
import { z } from 'zod';

/** Token of the {@link EnrichmentSettings}. */
export const ENRICHMENT_SETTINGS = Symbol('enrichment-settings');

/** What the topology can be told. */
export interface EnrichmentSettings {
  /** How long all input must have been idle before the last windows are closed, in milliseconds. */
  readonly idleAdvanceAfterMs: number;
}

const environment = z.object({
  MILLRACE_BROKERS: z
    .string({ error: 'is missing: name at least one broker as host:port' })
    .transform((text) => text.split(',').map((each) => each.trim())),
  MILLRACE_INSTANCE_ID: z.string().optional(),
  MILLRACE_STREAM_THREADS: z.coerce.number().int().min(1).max(64).default(1),
  MILLRACE_HTTP_HOST: z.string().default('0.0.0.0'),
  MILLRACE_HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(3001),
  MILLRACE_LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  MILLRACE_IDLE_ADVANCE_AFTER_MS: z.coerce.number().int().min(100).default(300_000),
});

/** How enrichment runs on its own; the README has the table of variables. */
export interface EnrichmentConfig extends EnrichmentSettings {
  readonly brokers: readonly string[];
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
export function readEnrichmentConfig(variables: Readonly<Record<string, string | undefined>>): EnrichmentConfig {
  const parsed = environment.safeParse(variables);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
    throw new ConfigurationError('the configuration of enrichment', problems, { cause: parsed.error });
  }
  const { data } = parsed;
  return {
    brokers: data.MILLRACE_BROKERS,
    instanceId: data.MILLRACE_INSTANCE_ID,
    threads: data.MILLRACE_STREAM_THREADS,
    host: data.MILLRACE_HTTP_HOST,
    port: data.MILLRACE_HTTP_PORT,
    logLevel: data.MILLRACE_LOG_LEVEL,
    idleAdvanceAfterMs: data.MILLRACE_IDLE_ADVANCE_AFTER_MS,
  };
}
