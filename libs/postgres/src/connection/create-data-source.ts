import { ConfigurationError, toMs, type Duration } from '@millrace/kernel';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { postgresChannels } from '../diagnostics/channels.js';
import { migrations } from '../migrations/migrations.js';

type PostgresDataSourceOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** How to reach a PostgreSQL database. Either `url` or `host` is needed. */
export interface DataSourceSettings {
  /** `postgres://user:password@host:port/database`. */
  readonly url?: string;
  readonly host?: string;
  /** Default 5432. */
  readonly port?: number;
  /** Default `postgres`. */
  readonly database?: string;
  /** Default `postgres`. */
  readonly user?: string;
  readonly password?: string;
  /** TLS as in `pg`: `true` checks the server's certificate. Default: none. */
  readonly ssl?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Most connections at a time. Default 4; the embedded database takes one. */
  readonly poolSize?: number;
  /** What the server shows for the connections, in `pg_stat_activity`. Default `millrace`. */
  readonly applicationName?: string;
  /** Gives up getting a connection after so long. Default 5 s. */
  readonly connectTimeout?: Duration;
  /**
   * Has the server cancel a statement after so long; the client gives up one second later, should no answer come at all.
   * Default 10 s.
   */
  readonly statementTimeout?: Duration;
  /**
   * Has the server end a transaction whose client went silent. A process that is halted in the middle of a write holds its offset row so
   * long against its successor. Default 10 s.
   */
  readonly idleInTransactionTimeout?: Duration;
  /** Entities of the application, for repositories. Default none. */
  readonly entities?: NonNullable<PostgresDataSourceOptions['entities']>;
  /** Classes of migrations, in place of {@link migrations}. */
  readonly migrations?: readonly (abstract new () => unknown)[];
}

const CLIENT_GRACE_MS = 1_000;

/**
 * A TypeORM data source with time-outs on every call; not yet connected. Schemas come from migrations alone
 * (`runMigrations`), never from `synchronize`. 64-bit integers arrive as numbers.
 *
 * @throws {ConfigurationError} (stop-app) listing everything that is wrong with the settings.
 */
export function createDataSource(settings: DataSourceSettings): DataSource {
  const problems = checkSettings(settings);
  if (problems.length > 0) throw new ConfigurationError('the PostgreSQL connection', problems);
  const statementTimeoutMs = toMs(settings.statementTimeout ?? '10s');
  const options: PostgresDataSourceOptions = {
    type: 'postgres',
    ...addressOf(settings),
    ...(settings.ssl === undefined ? {} : { ssl: settings.ssl }),
    applicationName: settings.applicationName ?? 'millrace',
    poolSize: settings.poolSize ?? 4,
    connectTimeoutMS: toMs(settings.connectTimeout ?? '5s'),
    extra: {
      statement_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs + CLIENT_GRACE_MS,
      idle_in_transaction_session_timeout: toMs(settings.idleInTransactionTimeout ?? '10s'),
      keepAlive: true,
    },
    parseInt8: true,
    installExtensions: false,
    synchronize: false,
    migrationsRun: false,
    migrations: [...(settings.migrations ?? migrations)] as NonNullable<PostgresDataSourceOptions['migrations']> &
      unknown[],
    entities: settings.entities ?? [],
    // An idle connection that breaks is replaced by the pool; the error is worth knowing, not worth a crash.
    poolErrorHandler: (error: unknown) => postgresChannels.connectionLost.publish({ error }),
  };
  return new DataSource(options);
}

function addressOf(settings: DataSourceSettings): Partial<PostgresDataSourceOptions> {
  if (settings.url !== undefined) return { url: settings.url };
  return {
    host: settings.host as string,
    port: settings.port ?? 5432,
    database: settings.database ?? 'postgres',
    username: settings.user ?? 'postgres',
    ...(settings.password === undefined ? {} : { password: settings.password }),
  };
}

function checkSettings({ url, host, port, poolSize }: DataSourceSettings): string[] {
  const problems: string[] = [];
  if (url === undefined && host === undefined) problems.push('url: give it, or host');
  if (url !== undefined && host !== undefined) problems.push('url: give either it or host, not both');
  if (url !== undefined && !/^postgres(ql)?:\/\//.test(url)) problems.push('url: must begin with postgres://');
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    problems.push(`port: ${port} is not between 1 and 65535`);
  }
  if (poolSize !== undefined && !(Number.isInteger(poolSize) && poolSize > 0)) {
    problems.push(`poolSize: ${poolSize} is not a whole number greater than 0`);
  }
  return problems;
}
