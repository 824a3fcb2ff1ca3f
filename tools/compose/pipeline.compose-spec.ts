import { describe, expect, it } from '@jest/globals';
import { topics, valueSubject } from '@millrace/schemas';
import { eventually } from '@millrace/testing';
import { ConnectRest } from '@millrace/testing/containers';
import { Kafka, logLevel } from 'kafkajs';
import { ADDRESSES } from './addresses.js';
import { flightDay } from './flight-day.js';
import { airportHours, carrierDays, flightId } from './flight-totals.js';
import { RunningPipeline } from './running-pipeline.js';

const pipeline = new RunningPipeline(process.env['MILLRACE_COMPOSE_PROJECT']!);
const PATIENCE = { timeoutMs: 180_000, intervalMs: 1_000 } as const;

/** Waits until all sinks hold what follows from the departures and the weather in their topics, and nothing else. */
async function sinksAgree(): Promise<void> {
  let expected: unknown;
  let found: unknown;
  const agree = async (): Promise<boolean> => {
    // Read anew each time: what ingest was told to send again may still arrive a first time.
    const departures = await pipeline.departures();
    const ids = departures.map(flightId).sort();
    expect(ids).toEqual(expect.arrayContaining(pipeline.accepted));
    if (pipeline.repeated === 0) expect(ids).toEqual([...pipeline.accepted].sort());
    const flights = await pipeline.flightsOf(departures);
    const rows = { hours: airportHours(flights), days: carrierDays(flights) };
    expected = { primary: rows, replica: rows, archived: flights.map(flightId).sort() };
    found = {
      primary: await pipeline.rows(ADDRESSES.postgres),
      replica: await pipeline.rows(ADDRESSES.replica),
      archived: await pipeline.archived(),
    };
    return JSON.stringify(found) === JSON.stringify(expected);
  };
  await eventually('all sinks agree with the topics', agree, PATIENCE).catch((failure: unknown) => {
    if (found === undefined) throw failure;
    expect(found).toEqual(expected);
  });
}

describe('the pipeline of docker/compose.yml', () => {
  it('brings events from HTTP to PostgreSQL, its replica and S3', async () => {
    for (const part of flightDay('2013-02-01')) await pipeline.send(part);
    await sinksAgree();
  });

  it.each([
    ['enrichment', '2013-02-02'],
    ['aggregation', '2013-02-03'],
    ['archival', '2013-02-04'],
    ['kafka-2', '2013-02-05'],
  ])('loses and doubles nothing when %s is killed and comes back', async (service, date) => {
    const parts = flightDay(date);
    for (const part of parts.slice(0, 2)) await pipeline.send(part);
    await pipeline.kill(service);
    for (const part of parts.slice(2, 4)) await pipeline.send(part);
    expect((await pipeline.stateOf(service)).status).toBe('exited');
    await pipeline.start(service);
    for (const part of parts.slice(4)) await pipeline.send(part);

    await sinksAgree();
  });

  it('has a registry that gives schemas an id and finds them by it', async () => {
    const { schema } = topics.departures.versions.at(-1)!;
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
    const body = JSON.stringify({ schemaType: 'JSON', schema: JSON.stringify(schema) });
    const subject = valueSubject(topics.departures.name);
    const registered = await fetch(`${ADDRESSES.registry}/subjects/${subject}/versions`, {
      method: 'POST',
      headers,
      body,
    });
    expect(registered.status).toBe(200);
    const { id } = (await registered.json()) as { id: number };

    const found = (await (await fetch(`${ADDRESSES.registry}/schemas/ids/${id}`)).json()) as { schema: string };
    expect(JSON.parse(found.schema)).toEqual(schema);
  });

  it('runs a connector that brings the rows of PostgreSQL back to Kafka', async () => {
    const connect = new ConnectRest(ADDRESSES.connect);
    await connect.run('totals', {
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'database.hostname': 'postgres',
      'database.port': 5432,
      'database.user': 'millrace',
      'database.password': 'millrace',
      'database.dbname': 'millrace',
      'topic.prefix': 'changes',
      'table.include.list': 'public.carrier_daily',
      'plugin.name': 'pgoutput',
      'topic.creation.default.replication.factor': 3,
      'topic.creation.default.partitions': 1,
    });
    const { days } = await pipeline.rows(ADDRESSES.postgres);
    const admin = new Kafka({ brokers: [...ADDRESSES.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await eventually(
      'every row is in the topic',
      async () => {
        const offsets = await admin.fetchTopicOffsets('changes.public.carrier_daily');
        // The marker of a transaction takes an offset too.
        return Number(offsets[0]!.high) >= days.length;
      },
      PATIENCE,
    );
    await admin.disconnect();

    expect((await connect.status('totals')).tasks.map(({ state }) => state)).toEqual(['RUNNING']);
    await connect.remove('totals');
  });

  it('has every service healthy at the end', async () => {
    expect((await pipeline.states()).filter(({ isReady }) => !isReady)).toEqual([]);
  });
});
