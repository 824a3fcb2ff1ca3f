import pg from 'pg';
import type { StartedTestContainer } from 'testcontainers';
import { addressOf, startContainer, type ContainerOptions } from '../container/start-container.js';
import { eventually } from '../eventually/eventually.js';

const PORT = 5432;
const USER = 'millrace';
const PASSWORD = 'millrace';
const DATABASE = 'millrace';
const READY_TIMEOUT_MS = 240_000;

/** How {@link startPostgres} runs the server. */
export interface PostgresOptions extends ContainerOptions {
  /** Settings of the server, as `max_connections`; `wal_level` is `logical` unless set. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** A running PostgreSQL with an empty database. */
export class Postgres implements AsyncDisposable {
  /** `postgres://user:password@host:port/database` as this process reaches it. */
  readonly url: string;
  readonly user = USER;
  readonly password = PASSWORD;
  readonly database = DATABASE;
  readonly #container: StartedTestContainer;

  /** @internal */
  constructor(container: StartedTestContainer) {
    this.#container = container;
    this.url = urlOf(addressOf(container, PORT));
  }

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts PostgreSQL; it is ready when it has answered a query. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const { settings = {}, ...rest } = options;
  const flags = Object.entries({ wal_level: 'logical', ...settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const container = await startContainer('postgres', rest, (each) =>
    each
      .withEnvironment({ POSTGRES_USER: USER, POSTGRES_PASSWORD: PASSWORD, POSTGRES_DB: DATABASE })
      .withCommand(['postgres', ...flags])
      .withExposedPorts(PORT),
  );
  const postgres = new Postgres(container);
  try {
    await answersQuery(postgres.url);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return postgres;
}

async function answersQuery(url: string): Promise<void> {
  await eventually(
    'PostgreSQL answers',
    async () => {
      const client = new pg.Client({ connectionString: url });
      // A server that still starts ends the connection; the failed query says so.
      client.on('error', () => undefined);
      await client.connect();
      try {
        return (await client.query<{ one: number }>('SELECT 1 AS one')).rows[0]?.one === 1;
      } finally {
        await client.end();
      }
    },
    { timeoutMs: READY_TIMEOUT_MS, intervalMs: 100 },
  );
}

function urlOf(address: string): string {
  return `postgres://${USER}:${PASSWORD}@${address}/${DATABASE}`;
}
