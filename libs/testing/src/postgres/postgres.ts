import { readFile } from 'node:fs/promises';
import pg from 'pg';
import type { StartedTestContainer } from 'testcontainers';
import type { ContainerNetwork } from '../container/network.js';
import { ServiceContainer } from '../container/service-container.js';
import { startContainer, type ContainerOptions } from '../container/start-container.js';
import { eventually } from '../eventually/eventually.js';

const PORT = 5432;
const USER = 'millrace';
const PASSWORD = 'millrace';
const DATABASE = 'millrace';
const READY_TIMEOUT_MS = 240_000;
const ENVIRONMENT = {
  POSTGRES_USER: USER,
  POSTGRES_PASSWORD: PASSWORD,
  POSTGRES_DB: DATABASE,
  REPLICATION_PASSWORD: 'replicator',
};

/** How {@link startPostgres} runs the server. */
export interface PostgresOptions extends ContainerOptions {
  /** Settings of the server, as `max_connections`; `wal_level` is `logical` unless set. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Lets read replicas follow it, see {@link startPostgresReplica}. Default false. */
  readonly mayBeFollowed?: boolean;
}

/** How {@link startPostgresReplica} finds the server that it follows. */
export interface PostgresReplicaOptions extends Omit<ContainerOptions, 'network'> {
  /** That of both. */
  readonly network: ContainerNetwork;
  /** The alias of the primary, which was started with `mayBeFollowed`. Default `postgres`. */
  readonly primary?: string;
}

/** A running PostgreSQL with an empty database. */
export class Postgres extends ServiceContainer {
  readonly user = USER;
  readonly password = PASSWORD;
  readonly database = DATABASE;

  /** @internal */
  constructor(container: StartedTestContainer) {
    super(container, PORT);
  }

  /** `postgres://user:password@host:port/database` as this process reaches it. */
  get url(): string {
    return this.urlAt(this.address);
  }

  /** The same by another way, as through a proxy. @param address `host:port` */
  urlAt(address: string): string {
    return `postgres://${USER}:${PASSWORD}@${address}/${DATABASE}`;
  }

  protected override isAnswering(): Promise<boolean> {
    return answersQuery(this.url);
  }
}

/** Starts PostgreSQL; it is ready when it has answered a query. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const { settings = {}, mayBeFollowed = false, ...rest } = options;
  const flags = Object.entries({ wal_level: 'logical', ...settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const replication = mayBeFollowed
    ? [{ content: await script('10-replication.sh'), target: '/docker-entrypoint-initdb.d/10-replication.sh' }]
    : [];
  const container = await startContainer('postgres', rest, (each) =>
    each
      .withEnvironment(ENVIRONMENT)
      .withCopyContentToContainer(replication)
      .withCommand(['postgres', ...flags])
      .withExposedPorts(PORT),
  );
  return answering(new Postgres(container));
}

/**
 * Starts a read replica, as that of `docker/compose.yml`: it copies its primary, follows it by a slot of its own, and answers queries. It
 * finds the primary by its alias, so also one that was killed and started again.
 */
export async function startPostgresReplica(options: PostgresReplicaOptions): Promise<Postgres> {
  const { primary = 'postgres', ...rest } = options;
  const content = await script('replica.sh');
  const container = await startContainer('postgres', { alias: 'postgres-replica', ...rest }, (each) =>
    each
      .withEnvironment({ ...ENVIRONMENT, PRIMARY_HOST: primary })
      .withCopyContentToContainer([{ content, target: '/tmp/replica.sh' }])
      .withUser('postgres')
      .withEntrypoint(['/bin/bash', '/tmp/replica.sh'])
      .withCommand(['postgres', '-c', 'hot_standby=on'])
      .withExposedPorts(PORT),
  );
  return answering(new Postgres(container));
}

/** A file of `docker/config/postgres`: what the pipeline's own containers run. */
function script(name: string): Promise<string> {
  return readFile(new URL(`../../../../docker/config/postgres/${name}`, import.meta.url), 'utf8');
}

async function answering(postgres: Postgres): Promise<Postgres> {
  try {
    await eventually('PostgreSQL answers', () => answersQuery(postgres.url), {
      timeoutMs: READY_TIMEOUT_MS,
      intervalMs: 100,
    });
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return postgres;
}

async function answersQuery(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  // A server that still starts ends the connection; the failed query says so.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<{ one: number }>('SELECT 1 AS one')).rows[0]?.one === 1;
  } finally {
    await client.end();
  }
}
