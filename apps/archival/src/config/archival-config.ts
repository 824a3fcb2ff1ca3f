import { FileSystemObjectStore, S3ObjectStore, type ObjectStore } from '@millrace/archive';
import { ConfigurationError } from '@millrace/kernel';
import { z } from 'zod';
import { DEFAULT_OBJECT_MAX_AGE_MS } from '../tokens.js';

const environment = z
  .object({
    MILLRACE_BROKERS: z
      .string({ error: 'is missing: name at least one broker as host:port' })
      .transform((text) => text.split(',').map((each) => each.trim())),
    MILLRACE_INSTANCE_ID: z.string().optional(),
    MILLRACE_HTTP_HOST: z.string().default('0.0.0.0'),
    MILLRACE_HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(3003),
    MILLRACE_LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
    MILLRACE_ARCHIVE_MAX_AGE_MS: z.coerce.number().int().min(1_000).default(DEFAULT_OBJECT_MAX_AGE_MS),
    MILLRACE_ARCHIVE_DIR: z.string().optional(),
    MILLRACE_ARCHIVE_S3_BUCKET: z.string().optional(),
    MILLRACE_ARCHIVE_S3_REGION: z.string().optional(),
    MILLRACE_ARCHIVE_S3_ENDPOINT: z.url().optional(),
  })
  .refine((each) => (each.MILLRACE_ARCHIVE_DIR === undefined) !== (each.MILLRACE_ARCHIVE_S3_BUCKET === undefined), {
    path: ['MILLRACE_ARCHIVE_DIR'],
    error: 'or MILLRACE_ARCHIVE_S3_BUCKET is needed, and only one of them',
  });

/** How archival runs on its own; the README has the table of variables. */
export interface ArchivalConfig {
  readonly brokers: readonly string[];
  readonly instanceId: string | undefined;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly logLevel: z.infer<typeof environment>['MILLRACE_LOG_LEVEL'];
  readonly store: ObjectStore;
  /** After how many milliseconds an object is finished though it is not full. */
  readonly maxAgeMs: number;
}

/**
 * Reads the configuration from environment variables.
 *
 * @throws {ConfigurationError} (stop-app) that lists every problem at once.
 */
export function readArchivalConfig(variables: Readonly<Record<string, string | undefined>>): ArchivalConfig {
  const parsed = environment.safeParse(variables);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
    throw new ConfigurationError('the configuration of archival', problems, { cause: parsed.error });
  }
  const { data } = parsed;
  return {
    brokers: data.MILLRACE_BROKERS,
    instanceId: data.MILLRACE_INSTANCE_ID,
    host: data.MILLRACE_HTTP_HOST,
    port: data.MILLRACE_HTTP_PORT,
    logLevel: data.MILLRACE_LOG_LEVEL,
    store: storeOf(data),
    maxAgeMs: data.MILLRACE_ARCHIVE_MAX_AGE_MS,
  };
}

function storeOf(data: z.infer<typeof environment>): ObjectStore {
  const { MILLRACE_ARCHIVE_S3_REGION: region, MILLRACE_ARCHIVE_S3_ENDPOINT: endpoint } = data;
  if (data.MILLRACE_ARCHIVE_DIR !== undefined) return new FileSystemObjectStore(data.MILLRACE_ARCHIVE_DIR);
  return new S3ObjectStore({
    bucket: data.MILLRACE_ARCHIVE_S3_BUCKET ?? '',
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  });
}
