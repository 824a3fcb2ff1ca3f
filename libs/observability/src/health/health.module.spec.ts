import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock, TransientError } from '@millrace/kernel';
import { Global, Module } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { HEALTH_INDICATORS, type HealthIndicator, type HealthReport } from './health-indicator.js';
import { HealthModule, type HealthOptions } from './health.module.js';

let app: NestFastifyApplication | undefined;

async function boot(options: HealthOptions, ...imports: (new () => object)[]): Promise<void> {
  const testing = await Test.createTestingModule({ imports: [HealthModule.forRoot(options), ...imports] }).compile();
  app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await app.init();
}

async function bootWith(...indicators: readonly HealthIndicator[]): Promise<void> {
  @Module({ providers: [{ provide: 'PARTS', useValue: indicators }], exports: ['PARTS'] })
  class Parts {}
  await boot({ indicators: ['PARTS'], imports: [Parts] });
}

async function get(url: string): Promise<{ readonly status: number; readonly body: object; readonly headers: object }> {
  const { statusCode, body, headers } = await (app as NestFastifyApplication).inject({ method: 'GET', url });
  return { status: statusCode, body: JSON.parse(body) as object, headers };
}

afterEach(async () => {
  await app?.close();
  app = undefined;
});

const up = (): HealthReport => ({ isHealthy: true, details: { tasks: 6 } });
const down = (): HealthReport => ({ isHealthy: false, details: { behind: ['flights.departures-0'] } });

describe('HealthModule', () => {
  it('is up while nobody says otherwise', async () => {
    await boot({});
    for (const url of ['/health', '/health/live', '/health/ready']) {
      expect(await get(url)).toMatchObject({ status: 200, body: { status: 'ok', details: {} } });
    }
  });

  it('answers liveness and readiness each by those who have a say in it', async () => {
    await bootWith(
      { name: 'enrichment', liveness: up, readiness: down },
      { name: 'postgres', readiness: async () => up() },
    );
    expect(await get('/health/live')).toMatchObject({
      status: 200,
      body: { status: 'ok', details: { enrichment: { status: 'up', tasks: 6 } } },
    });
    expect(await get('/health/ready')).toMatchObject({
      status: 503,
      body: {
        status: 'error',
        error: { enrichment: { status: 'down', behind: ['flights.departures-0'] } },
        info: { postgres: { status: 'up' } },
      },
    });
    expect((await get('/health')).body).toMatchObject({
      status: 'error',
      details: {
        'enrichment.liveness': { status: 'up' },
        'enrichment.readiness': { status: 'down' },
        'postgres.readiness': { status: 'up' },
      },
    });
  });

  it('lets no proxy cache the answer', async () => {
    await boot({});
    expect((await get('/health/ready')).headers).toMatchObject({
      'cache-control': 'no-cache, no-store, must-revalidate',
    });
  });

  it('calls an indicator that fails down, with its code but not its message', async () => {
    const fails = (error: Error) => (): Promise<HealthReport> => Promise.reject(error);
    await bootWith(
      { name: 'ours', readiness: fails(new TransientError('MR_DEPENDENCY_TIMEOUT', 'S3CR3T')) },
      { name: 'theirs', readiness: fails(new TypeError('S3CR3T')) },
      {
        name: 'at-once',
        readiness: () => {
          throw new RangeError('S3CR3T');
        },
      },
    );
    const { status, body } = await get('/health/ready');
    expect(status).toBe(503);
    expect(body).toMatchObject({
      error: {
        ours: { status: 'down', problem: 'MR_DEPENDENCY_TIMEOUT' },
        theirs: { status: 'down', problem: 'TypeError' },
        'at-once': { status: 'down', problem: 'RangeError' },
      },
    });
    expect(JSON.stringify(body)).not.toContain('S3CR3T');
  });

  it('calls an indicator down that does not answer in time', async () => {
    const clock = new ManualClock();
    @Global()
    @Module({
      providers: [
        { provide: HEALTH_INDICATORS, useValue: [{ name: 'stuck', readiness: () => new Promise(() => undefined) }] },
      ],
      exports: [HEALTH_INDICATORS],
    })
    class Stuck {}
    await boot({ clock, timeout: '1s' }, Stuck);
    const answer = get('/health/ready');
    while (clock.nextTimerMs() === undefined) await new Promise(setImmediate);
    clock.advance(1_000);
    expect((await answer).body).toMatchObject({
      error: { stuck: { status: 'down', problem: 'no answer within 1000 ms' } },
    });
  });

  it('leaves no timer behind when all answered', async () => {
    const clock = new ManualClock();
    @Module({ providers: [{ provide: 'PART', useValue: { name: 'a', readiness: up } }], exports: ['PART'] })
    class Part {}
    await boot({ clock, indicators: ['PART'], imports: [Part] });
    await get('/health/ready');
    expect(clock.nextTimerMs()).toBeUndefined();
  });
});
