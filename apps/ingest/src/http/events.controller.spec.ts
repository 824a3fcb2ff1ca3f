import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ManualClock } from '@millrace/kernel';
import { aDeparture } from '@millrace/testing';
import { RecordedDestination } from '../../test/recorded-destination.js';
import { IngestModule } from '../ingest.module.js';
import { GatewayProducer } from '../publish/gateway-producer.js';
import { configureIngestHttp } from './configure-ingest-http.js';

const http = { maxBodyBytes: 4_000, maxEvents: 5, maxRequestsPerSecond: 1_000, ackTimeoutMs: 1_000 };
const DEPARTURES = '/v1/events/flights.departures';

const departure = aDeparture();

describe('POST /v1/events/:topic', () => {
  const clock = new ManualClock(1_700_000_000_000);
  let app: NestFastifyApplication;
  let destination: RecordedDestination;

  async function startApp(limits = http): Promise<NestFastifyApplication> {
    const cluster = { bootstrap: ['127.0.0.1:1'], clock };
    const testing = await Test.createTestingModule({ imports: [IngestModule.forRoot({ cluster, http: limits })] })
      .overrideProvider(GatewayProducer)
      .useValue(destination)
      .compile();
    const started = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { bodyParser: false });
    await configureIngestHttp(started, limits);
    await started.init();
    await started.getHttpAdapter().getInstance().ready();
    return started;
  }

  async function post(payload: string, url = DEPARTURES, contentType = 'application/json', to = app) {
    const response = await to.inject({ method: 'POST', url, payload, headers: { 'content-type': contentType } });
    return { status: response.statusCode, body: response.json<Record<string, unknown>>(), headers: response.headers };
  }

  beforeAll(async () => {
    destination = new RecordedDestination();
    app = await startApp();
  });
  beforeEach(() => {
    destination.events.length = 0;
    destination.capacity = Infinity;
    destination.acknowledges = true;
  });
  afterAll(() => app.close());

  it('takes one event and sends it with the key, the time and the stamp of its contract', async () => {
    expect(await post(JSON.stringify(departure))).toMatchObject({
      status: 202,
      body: { accepted: 1, rejected: 0, errors: [] },
    });
    expect(destination.events).toEqual([
      {
        topic: 'flights.departures',
        key: 'N14228',
        value: departure,
        timestampMs: Date.parse(departure.scheduledAt),
        headers: [{ key: 'ingested-at', value: Buffer.from('1700000000000') }],
      },
    ]);
  });

  it('takes an array and events by line', async () => {
    expect(await post(JSON.stringify([departure, departure]))).toMatchObject({ status: 202, body: { accepted: 2 } });
    const lines = `${JSON.stringify(departure)}\n${JSON.stringify(departure)}\n`;
    expect(await post(lines, DEPARTURES, 'application/x-ndjson')).toMatchObject({ status: 202, body: { accepted: 2 } });
    expect(destination.events).toHaveLength(4);
  });

  it('sends what keeps the contract and names index and field of the rest', async () => {
    const numberForTime = { ...departure, scheduledAt: 1_357_035_300 };
    const { carrier: _, ...withoutCarrier } = departure;
    expect(await post(JSON.stringify([departure, numberForTime, withoutCarrier]))).toMatchObject({
      status: 202,
      body: {
        accepted: 1,
        rejected: 2,
        errors: [
          { index: 1, field: '/scheduledAt', message: expect.stringContaining('but is a number') },
          { index: 2, field: '/carrier', message: 'is missing' },
        ],
      },
    });
    expect(destination.events).toHaveLength(1);
  });

  it('answers 422 with the same detail when nothing is acceptable', async () => {
    const answer = await post(`{"version":99}\nnot JSON`, DEPARTURES, 'application/x-ndjson');
    expect(answer).toMatchObject({
      status: 422,
      body: {
        accepted: 0,
        rejected: 2,
        errors: [
          { index: 0, field: '/version', message: 'must be a known version: 1' },
          { index: 1, field: '' },
        ],
      },
    });
  });

  it('answers 422 for an event that is larger than its contract allows', async () => {
    const roomy = await startApp({ ...http, maxBodyBytes: 200_000 });
    const name = 'x'.repeat(300);
    const answer = await post(
      JSON.stringify({ version: 1, carrier: 'UA', name }),
      '/v1/events/reference.carriers',
      undefined,
      roomy,
    );
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ index: 0, field: '/name' }] } });
    await roomy.close();
  });

  it('answers 400 when the body is empty or not JSON', async () => {
    expect(await post('{"version":')).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('not JSON') },
    });
    expect(await post('')).toMatchObject({ status: 400 });
  });

  it('answers 404 for a topic that takes no events, and names those that do', async () => {
    for (const topic of ['nowhere', 'flights.enriched', 'flights.departures-dlt']) {
      const answer = await post('{}', `/v1/events/${topic}`);
      expect(answer).toMatchObject({ status: 404, body: { message: expect.stringContaining('flights.departures') } });
    }
  });

  it('answers 413 when the body has too many bytes or too many events', async () => {
    expect(await post(`"${'x'.repeat(http.maxBodyBytes)}"`)).toMatchObject({ status: 413 });
    expect(await post('[1,2,3,4,5,6]')).toMatchObject({
      status: 413,
      body: { message: expect.stringContaining('5 events') },
    });
  });

  it('answers 415 for another media type', async () => {
    expect(await post('a,b', DEPARTURES, 'text/csv')).toMatchObject({ status: 415 });
    expect(await post('a,b', DEPARTURES, 'text/plain')).toMatchObject({ status: 415 });
  });

  it('answers 429 when a client asks more often than it may', async () => {
    const strict = await startApp({ ...http, maxRequestsPerSecond: 2 });
    const ask = () => post(JSON.stringify(departure), DEPARTURES, undefined, strict);
    expect([(await ask()).status, (await ask()).status]).toEqual([202, 202]);
    expect(await ask()).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    await strict.close();
  });

  it('answers 503 with Retry-After when the buffer towards the brokers is full', async () => {
    destination.capacity = 0;
    const answer = await post(JSON.stringify(departure));
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'retry-after': '3' },
      body: { code: 'MR_BROKER_RETRIABLE' },
    });
  });

  it('slows a request down rather than refuse it halfway', async () => {
    destination.capacity = 2;
    expect(await post(JSON.stringify(Array(5).fill(departure)))).toMatchObject({ status: 202, body: { accepted: 5 } });
  });

  it('answers 503 with Retry-After when the brokers do not acknowledge in time', async () => {
    destination.acknowledges = false;
    const pending = post(JSON.stringify(departure));
    while (destination.events.length === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(http.ackTimeoutMs);
    expect(await pending).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { code: 'MR_NETWORK_TIMEOUT' },
    });
  });
});
