import { afterEach, describe, expect, it } from '@jest/globals';
import { diagnosticsChannel } from '@millrace/kernel';
import { Inject, Injectable, Module } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { makeCounterProvider } from './metrics/nestjs-prometheus.js';
import { register, type Counter } from 'prom-client';
import { METRICS_REGISTRY } from './metrics/metrics.controller.js';
import { ObservabilityModule, type ObservabilityOptions } from './observability.module.js';
import { createLogger } from './logging/logger.js';

const apps: NestFastifyApplication[] = [];

async function boot(options: ObservabilityOptions, ...imports: (new () => object)[]): Promise<NestFastifyApplication> {
  const testing = await Test.createTestingModule({
    imports: [ObservabilityModule.forRoot(options), ...imports],
  }).compile();
  const app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await app.init();
  apps.push(app);
  return app;
}

async function scrape(app: NestFastifyApplication): Promise<string> {
  const response = await app.inject({ method: 'GET', url: '/metrics' });
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  return response.body;
}

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  register.clear();
});

describe('ObservabilityModule', () => {
  it('serves the metrics of the process with the labels of the service', async () => {
    const text = await scrape(await boot({ service: 'ingest', defaultLabels: { zone: 'a' } }));
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds\{zone="a",service="ingest"\} /m);
    expect(text).toMatch(/^process_resident_memory_bytes\{zone="a",service="ingest"\} \d+/m);
    expect(text).toMatch(/^nodejs_heap_size_used_bytes\{/m);
  });

  it('serves what happens on the diagnostics channels', async () => {
    const app = await boot({ service: 'ingest', processMetrics: false });
    diagnosticsChannel('cache:lookup').publish({ cache: 'latest', result: 'hit' });
    expect(await scrape(app)).toContain('millrace_cache_lookups_total{cache="latest",result="hit",service="ingest"} 1');
  });

  it('is text that a parser of the exposition format takes: each metric once, each line whole', async () => {
    const app = await boot({ service: 'in"ge\nst' });
    const text = await scrape(app);
    expect(text.endsWith('\n')).toBe(true);
    const described = new Set<string>();
    for (const line of text.split('\n').filter((each) => each !== '')) {
      const help = /^# HELP ([a-z0-9_]+) .+$/.exec(line);
      if (help !== null) {
        expect(described).not.toContain(help[1]);
        described.add(help[1] as string);
      } else {
        expect(line).toMatch(
          /^(# TYPE [a-z0-9_]+ (counter|gauge|histogram|summary)|[a-z0-9_]+(\{.*\})? (-?[0-9.e+-]+|Nan|\+Inf))$/i,
        );
      }
    }
    expect(described.size).toBeGreaterThan(40);
  });

  it('serves the metrics that an application adds, to its registry or through @willsoto/nestjs-prometheus', async () => {
    @Injectable()
    class Gates {
      constructor(@Inject('PROM_METRIC_GATES_TOTAL') readonly gates: Counter) {}
    }
    @Module({ providers: [Gates, makeCounterProvider({ name: 'gates_total', help: 'Gates' })] })
    class GatesModule {}
    const app = await boot({ service: 'ingest', processMetrics: false }, GatesModule);
    app.get(Gates).gates.inc(3);
    expect(app.get<object>(METRICS_REGISTRY)).toBeDefined();
    expect(await scrape(app)).toMatch(/^gates_total 3$/m);
  });

  it('can be in two applications of one process, and each counts everything once', async () => {
    const [first, second] = [await boot({ service: 'one' }), await boot({ service: 'two' })];
    diagnosticsChannel('cache:evicted').publish({ cache: 'latest' });
    expect(await scrape(first)).toContain('millrace_cache_evictions_total{cache="latest",service="one"} 1');
    expect(await scrape(second)).toContain('millrace_cache_evictions_total{cache="latest",service="two"} 1');
  });

  it('writes events to the logger that it is given, until the application closes', async () => {
    const lines: string[] = [];
    const logger = createLogger({ service: 'ingest', destination: { write: (line: string) => void lines.push(line) } });
    const app = await boot({ service: 'ingest', processMetrics: false, logger });
    diagnosticsChannel('resilience:breaker').publish({ policy: 'postgres', state: 'open' });
    await app.close();
    diagnosticsChannel('resilience:breaker').publish({ policy: 'postgres', state: 'closed' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('a circuit breaker changed its state');
  });
});
