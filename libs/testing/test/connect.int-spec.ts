import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { ContainerNetwork, startConnect, startKafka, startPostgres } from '../src/containers.js';
import { eventually } from '../src/index.js';

interface Change {
  readonly op: string;
  readonly before: { readonly delay: number } | null;
  readonly after: { readonly origin: string; readonly delay: number } | null;
}

describe('the fixture of Kafka Connect', () => {
  const stack = new AsyncDisposableStack();
  let url: string;
  let bootstrap: readonly string[];
  let connect: Awaited<ReturnType<typeof startConnect>>;
  beforeAll(async () => {
    const network = stack.use(await ContainerNetwork.create());
    const [kafka, postgres] = await Promise.all([startKafka({ network }), startPostgres({ network })]);
    stack.use(kafka);
    stack.use(postgres);
    connect = stack.use(await startConnect({ kafka }));
    ({ url } = postgres);
    ({ bootstrap } = kafka);
  });
  afterAll(() => stack.disposeAsync());

  it('has the connectors for files and for PostgreSQL', async () => {
    expect(await connect.plugins()).toEqual(
      expect.arrayContaining([
        'io.debezium.connector.postgresql.PostgresConnector',
        'org.apache.kafka.connect.file.FileStreamSourceConnector',
      ]),
    );
  });

  it('brings the changes of a table to a topic: what was there, then inserts, updates and deletions', async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('CREATE TABLE delays (origin text PRIMARY KEY, delay int NOT NULL)');
    await client.query('ALTER TABLE delays REPLICA IDENTITY FULL');
    await client.query(`INSERT INTO delays VALUES ('JFK', 1)`);

    await connect.run('delays', {
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'database.hostname': 'postgres',
      'database.port': 5432,
      'database.user': 'millrace',
      'database.password': 'millrace',
      'database.dbname': 'millrace',
      'topic.prefix': 'changes',
      'table.include.list': 'public.delays',
      'plugin.name': 'pgoutput',
      'topic.creation.default.replication.factor': 1,
      'topic.creation.default.partitions': 1,
      'key.converter.schemas.enable': false,
      'value.converter.schemas.enable': false,
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    });
    const consumer = new Kafka({ brokers: [...bootstrap], logLevel: logLevel.NOTHING }).consumer({ groupId: 'delays' });
    const changes: Change[] = [];
    await consumer.connect();
    await eventually(
      'the topic of the snapshot is there',
      () => consumer.subscribe({ topic: 'changes.public.delays', fromBeginning: true }).then(() => true),
      { timeoutMs: 60_000, intervalMs: 200 },
    );
    await consumer.run({
      eachMessage: async ({ message }) => {
        if (message.value !== null) changes.push(JSON.parse(message.value.toString()) as Change);
      },
    });
    await eventually('the snapshot has arrived', () => changes.length === 1, { timeoutMs: 60_000 });

    await client.query(`INSERT INTO delays VALUES ('LGA', 2)`);
    await client.query(`UPDATE delays SET delay = 3 WHERE origin = 'JFK'`);
    await client.query(`DELETE FROM delays WHERE origin = 'LGA'`);
    await client.end();
    await eventually('three changes more have arrived', () => changes.length === 4, { timeoutMs: 60_000 });
    await consumer.disconnect();
    await connect.remove('delays');

    expect(changes.map(({ op, before, after }) => [op, before?.delay, after?.origin, after?.delay])).toEqual([
      ['r', undefined, 'JFK', 1],
      ['c', undefined, 'LGA', 2],
      ['u', 1, 'JFK', 3],
      ['d', 2, undefined, undefined],
    ]);
  });
});
