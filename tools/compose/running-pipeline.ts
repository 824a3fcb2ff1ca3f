import { readArchive, S3ObjectStore } from '@millrace/archive';
import { formatUtcTime, topics, type Departure, type WeatherObservation } from '@millrace/schemas';
import { eventually } from '@millrace/testing';
import { Kafka, logLevel } from 'kafkajs';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { ADDRESSES } from './addresses.js';
import { ComposeProject, type ContainerState } from './compose.mjs';
import type { FlightEvents } from './flight-day.js';
import { flightId } from './flight-totals.js';

const run = promisify(execFile);
/** What ingest answers where the same is to be sent again. */
const SEND_AGAIN = [429, 503];
const PATIENCE = { timeoutMs: 180_000, intervalMs: 500 } as const;

const HOURLY = `SELECT origin, to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS hour,
  departures, cancelled, delay_sum_minutes, delay_max_minutes FROM airport_hourly`;
const DAILY = `SELECT carrier, to_char(date, 'YYYY-MM-DD') AS date, flights, cancelled, arrival_delay_sum_minutes FROM carrier_daily`;

/** The pipeline of docker/compose.yml, as somebody outside sees it. */
export class RunningPipeline {
  readonly #project: ComposeProject;
  /** Identities of departures that ingest has acknowledged. */
  readonly accepted: string[] = [];
  /** Requests that had to be sent again: what they hold may be there twice. */
  repeated = 0;

  constructor(projectName: string) {
    this.#project = new ComposeProject(projectName, [], {});
  }

  states(): Promise<ContainerState[]> {
    return this.#project.states();
  }

  async stateOf(service: string): Promise<ContainerState> {
    const state = (await this.states()).find((each) => each.service === service);
    if (state === undefined) throw new Error(`there is no container of ${service}`);
    return state;
  }

  /** Ends a service at once (SIGKILL); whoever kills by the engine's hand has the container stay away. */
  async kill(service: string): Promise<void> {
    const { id } = await this.stateOf(service);
    await run('docker', ['kill', '--signal', 'KILL', id]);
    await eventually(`${service} has ended`, async () => (await this.stateOf(service)).status === 'exited', PATIENCE);
  }

  async start(service: string): Promise<void> {
    await run('docker', ['start', (await this.stateOf(service)).id]);
    await eventually(`${service} is healthy again`, async () => (await this.stateOf(service)).isReady, PATIENCE);
  }

  /** Sends events by HTTP, and again until they are taken. */
  async send({ weather, departures }: FlightEvents): Promise<void> {
    await this.#post(topics.weather.name, weather);
    await this.#post(topics.departures.name, departures);
    this.accepted.push(...departures.map((each) => flightId(each as Departure)));
  }

  /** All departures that stand in their topic. */
  departures(): Promise<Departure[]> {
    return this.#read<Departure>(topics.departures.name);
  }

  /**
   * The flights that enrichment makes of departures, which is what every sink has to agree with: each as often as there are observations
   * of its airport and hour, since a join gives a result for each. An observation that had to be sent again may be there twice.
   */
  async flightsOf(departures: readonly Departure[]): Promise<Departure[]> {
    const observations = await this.#read<WeatherObservation>(topics.weather.name);
    const known = Map.groupBy(observations, ({ origin, observedAt }) => `${origin} ${observedAt}`);
    return departures.flatMap((each) =>
      Array.from({ length: known.get(`${each.origin} ${each.timeHour}`)?.length ?? 1 }, () => each),
    );
  }

  /** All records of a topic. */
  async #read<T>(topic: string): Promise<T[]> {
    const client = new Kafka({ brokers: [...ADDRESSES.brokers], logLevel: logLevel.NOTHING });
    const admin = client.admin();
    const consumer = client.consumer({ groupId: `reader-${process.hrtime.bigint()}` });
    const found: T[] = [];
    try {
      await Promise.all([admin.connect(), consumer.connect()]);
      const ends = await admin.fetchTopicOffsets(topic);
      const total = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        eachMessage: async ({ message }) => void found.push(JSON.parse(message.value!.toString()) as T),
      });
      await eventually(`all of ${topic} is read`, () => found.length >= total, PATIENCE);
    } finally {
      await Promise.allSettled([consumer.disconnect(), admin.disconnect()]);
    }
    return found;
  }

  /** `airport_hourly` and `carrier_daily` of the primary or its replica, each sorted. */
  async rows(url: string): Promise<{ hours: string[]; days: string[] }> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const textOf = ({ rows }: { rows: object[] }): string[] =>
        rows.map((row) => Object.values(row).map(String).join(' ')).sort();
      return { hours: textOf(await client.query(HOURLY)), days: textOf(await client.query(DAILY)) };
    } finally {
      await client.end();
    }
  }

  /** Identities of the flights in the Parquet objects; fails where the manifest does not tile the offsets. */
  async archived(): Promise<string[]> {
    const store = new S3ObjectStore({ bucket: 'flights', region: 'us-east-1', endpoint: ADDRESSES.s3 });
    const columns = ['carrier', 'flight', 'origin', 'time_hour', 'minute'];
    const found: string[] = [];
    for await (const object of readArchive(store, 'flights', { columns })) {
      for (let row = 0; row < object.rows; row++) {
        const [carrier, flight, origin, hourMs, minute] = columns.map((name) => object.columns.get(name)![row]);
        found.push(
          `${carrier as string} ${flight as number} ${origin as string} ${formatUtcTime(hourMs as number)} ${minute as number}`,
        );
      }
    }
    return found.sort();
  }

  async #post(topic: string, events: readonly object[]): Promise<void> {
    const { status, text } = await eventually(
      `ingest takes events of ${topic}`,
      async () => {
        const response = await fetch(`${ADDRESSES.ingest}/v1/events/${topic}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(events),
        });
        const answer = { status: response.status, text: await response.text() };
        if (!SEND_AGAIN.includes(answer.status)) return answer;
        this.repeated++;
        throw new Error(`${answer.status}: ${answer.text}`);
      },
      PATIENCE,
    );
    const { rejected } = JSON.parse(text) as { rejected?: number };
    if (status !== 202 || rejected !== 0) throw new Error(`ingest answered ${topic} with ${status}: ${text}`);
  }
}
