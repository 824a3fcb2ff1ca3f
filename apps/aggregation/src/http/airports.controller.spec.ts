import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InProcessCache } from '@millrace/cache';
import { PoliciesModule } from '@millrace/nest';
import { createDataSource, EmbeddedPostgres, runMigrations } from '@millrace/postgres';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { AirportHours } from '../airports/airport-hours.js';
import { LatestHours } from '../airports/latest-hours.js';
import { LATEST_HOURS_CACHE, POSTGRES_POLICY } from '../tokens.js';
import { AirportsController } from './airports.controller.js';

const SLOW_MS = 180_000;

describe('the totals over HTTP', () => {
  const embedded = new EmbeddedPostgres();
  let dataSource: DataSource;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    await embedded.start();
    dataSource = createDataSource({ url: embedded.url, poolSize: 1 });
    await runMigrations(dataSource);
    await dataSource.query(`
      INSERT INTO airport_hourly VALUES
        ('JFK', '2013-01-01T10:00:00Z', 4, 1, 20, 12), ('JFK', '2013-01-01T11:00:00Z', 0, 2, 0, NULL)`);
    const testing = await Test.createTestingModule({
      imports: [PoliciesModule.forRoot({ policies: { [POSTGRES_POLICY]: { timeout: '5s' } } })],
      controllers: [AirportsController],
      providers: [
        AirportHours,
        LatestHours,
        { provide: DataSource, useValue: dataSource },
        { provide: LATEST_HOURS_CACHE, useValue: new InProcessCache({ name: 'latest', ttl: '10m' }) },
      ],
    }).compile();
    app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await app.init();
  }, SLOW_MS);
  afterAll(async () => {
    await app?.close();
    await dataSource?.destroy();
    await embedded.stop();
  });

  const get = async (url: string): Promise<{ status: number; headers: object; body: unknown }> => {
    const { statusCode, headers, body } = await app.inject({ method: 'GET', url });
    return { status: statusCode, headers, body: JSON.parse(body) as unknown };
  };
  const DAY = '/v1/airports/JFK/hours?from=2013-01-01T00:00:00Z&to=2013-01-02T00:00:00Z';

  it('are those of the rows, with the mean', async () => {
    expect(await get(DAY)).toMatchObject({
      status: 200,
      body: [
        { hour: '2013-01-01T10:00:00Z', departures: 4, delaySumMinutes: 20, delayMeanMinutes: 5, delayMaxMinutes: 12 },
        { hour: '2013-01-01T11:00:00Z', departures: 0, cancelled: 2, delayMeanMinutes: null },
      ],
    });
    expect(await get('/v1/airports/JFK/latest')).toMatchObject({ status: 200, body: { hour: '2013-01-01T11:00:00Z' } });
    expect(await get('/v1/airports/LGA/latest')).toMatchObject({ status: 404 });
  });

  it('are not available while PostgreSQL is away, unless the cache has them', async () => {
    await embedded.stop();

    const away = { status: 503, headers: { 'retry-after': '1' }, body: { code: 'MR_DEPENDENCY_UNAVAILABLE' } };
    expect(await get(DAY)).toMatchObject(away);
    expect(await get('/v1/airports/EWR/latest')).toMatchObject(away);
    expect(await get('/v1/airports/JFK/latest')).toMatchObject({ status: 200, body: { hour: '2013-01-01T11:00:00Z' } });
  });
});
