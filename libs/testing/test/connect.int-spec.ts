import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { ContainerNetwork, startConnect, startKafka, startPostgres, type KafkaConnect } from '../src/containers.js';
import { eventually } from '../src/index.js';

interface Change {
  readonly op: string;
  readonly before: { readonly delay: number } | null;
  readonly after: { readonly origin: string; readonly delay: number } | null;
}

/** Lines as they stand in a file, and no documents. */
const TEXT = {
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
} as const;
const PATIENCE = { timeoutMs: 60_000, intervalMs: 100 } as const;

describe('the fixture of Kafka Connect', () => {
  const stack = new AsyncDisposableStack();
  let url: string;
  let connect: KafkaConnect;
  let kafkaClient: Kafka;
  beforeAll(async () => {
    const network = stack.use(await ContainerNetwork.create());
    const [kafka, postgres] = await Promise.all([startKafka({ network }), startPostgres({ network })]);
    stack.use(kafka);
    stack.use(postgres);
    connect = stack.use(await startConnect({ kafka }));
    ({ url } = postgres);
    kafkaClient = new Kafka({ brokers: [...kafka.bootstrap], logLevel: logLevel.NOTHING });
  });
  afterAll(() => stack.disposeAsync());

  /** Reads a topic from its begin; what it has read so far stands in `values`. */
  async function reading(topic: string): Promise<{ values: string[] } & AsyncDisposable> {
    const consumer = kafkaClient.consumer({ groupId: `${topic}-readers` });
    const values: string[] = [];
    await consumer.connect();
    await eventually(
      `the topic ${topic} is there`,
      () => consumer.subscribe({ topic, fromBeginning: true }).then(() => true),
      PATIENCE,
    );
    await consumer.run({
      eachMessage: async ({ message }) => {
        if (message.value !== null) values.push(message.value.toString());
      },
    });
    return { values, [Symbol.asyncDispose]: () => consumer.disconnect() };
  }

  it('has the connectors for files and for PostgreSQL', async () => {
    expect(await connect.plugins()).toEqual(
      expect.arrayContaining([
        'io.debezium.connector.postgresql.PostgresConnector',
        'org.apache.kafka.connect.file.FileStreamSourceConnector',
        'org.apache.kafka.connect.file.FileStreamSinkConnector',
      ]),
    );
  });

  it('brings the lines of a file to a topic, those too that come later, and none again after it was away', async () => {
    const source = {
      'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
      file: '/tmp/airports.txt',
      topic: 'airports',
      'topic.creation.default.replication.factor': 1,
      'topic.creation.default.partitions': 1,
      ...TEXT,
    };
    // ASCII: Kafka's connector counts characters, and goes on after as many bytes.
    await connect.appendLines('/tmp/airports.txt', ['JFK New York', 'ZRH Zurich']);
    await connect.run('airports-in', source);
    await using airports = await reading('airports');
    await eventually('what was in the file has arrived', () => airports.values.length === 2, PATIENCE);

    await connect.appendLines('/tmp/airports.txt', ['LGA New York']);
    await eventually('the line that was added has arrived', () => airports.values.length === 3, PATIENCE);

    await connect.remove('airports-in');
    await connect.appendLines('/tmp/airports.txt', ['EWR Newark']);
    await connect.run('airports-in', source);
    await eventually('the line of meanwhile has arrived', () => airports.values.includes('EWR Newark'), PATIENCE);
    await connect.remove('airports-in');

    expect(airports.values).toEqual(['JFK New York', 'ZRH Zurich', 'LGA New York', 'EWR Newark']);
  });

  it('writes the records of a topic to a file, in their order, those too that come later', async () => {
    const [admin, producer] = [kafkaClient.admin(), kafkaClient.producer()];
    await Promise.all([admin.connect(), producer.connect()]);
    await admin.createTopics({ topics: [{ topic: 'delays-by-hour', numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
    const send = (...values: string[]): Promise<unknown> =>
      producer.send({ topic: 'delays-by-hour', acks: -1, messages: values.map((value) => ({ value })) });
    const lines = (count: number): Promise<readonly string[]> =>
      eventually(
        `${count} lines are in the file`,
        async () => {
          const found = await connect.linesOf('/tmp/delays.txt');
          return found.length >= count && found;
        },
        PATIENCE,
      );

    await send('JFK 10:00 12', 'LGA 10:00 7', 'ZRH – Zürich 0');
    expect(await connect.linesOf('/tmp/delays.txt')).toEqual([]);
    await connect.run('delays-out', {
      'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
      topics: 'delays-by-hour',
      file: '/tmp/delays.txt',
      ...TEXT,
    });
    expect(await lines(3)).toEqual(['JFK 10:00 12', 'LGA 10:00 7', 'ZRH – Zürich 0']);

    await send('JFK 11:00 3');
    expect(await lines(4)).toEqual(['JFK 10:00 12', 'LGA 10:00 7', 'ZRH – Zürich 0', 'JFK 11:00 3']);
    await connect.remove('delays-out');
    await producer.disconnect();
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
    await using topic = await reading('changes.public.delays');
    await eventually('the snapshot has arrived', () => topic.values.length === 1, PATIENCE);

    await client.query(`INSERT INTO delays VALUES ('LGA', 2)`);
    await client.query(`UPDATE delays SET delay = 3 WHERE origin = 'JFK'`);
    await client.query(`DELETE FROM delays WHERE origin = 'LGA'`);
    await client.end();
    await eventually('three changes more have arrived', () => topic.values.length === 4, PATIENCE);
    await connect.remove('delays');

    const changes = topic.values.map((value) => JSON.parse(value) as Change);
    expect(changes.map(({ op, before, after }) => [op, before?.delay, after?.origin, after?.delay])).toEqual([
      ['r', undefined, 'JFK', 1],
      ['c', undefined, 'LGA', 2],
      ['u', 1, 'JFK', 3],
      ['d', 2, undefined, undefined],
    ]);
  });
});
