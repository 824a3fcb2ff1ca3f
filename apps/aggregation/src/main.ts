import 'reflect-metadata';
import { InProcessCache, RedisCache } from '@millrace/cache';
import { PoliciesModule, runService } from '@millrace/nest';
import { AggregationModule, aggregationPolicies } from './aggregation.module.js';
import { LatestHoursHealth } from './airports/latest-hours-health.js';
import { readAggregationConfig } from './config/aggregation-config.js';

const CACHE = { name: 'latest-hours', ttl: '10m' } as const;

await runService(async () => {
  const config = readAggregationConfig(process.env);
  const { brokers, instanceId, threads, host, port, logLevel } = config;
  const redis = config.redisUrl === undefined ? undefined : new RedisCache({ ...CACHE, url: config.redisUrl });
  await redis?.start();
  const cache = redis ?? new InProcessCache(CACHE);
  const streams = { cluster: { bootstrap: brokers }, threads, ...(instanceId === undefined ? {} : { instanceId }) };
  const postgres = { url: config.databaseUrl };
  const imports = [
    PoliciesModule.forRoot({ policies: aggregationPolicies }),
    AggregationModule.forRoot({ streams, postgres, cache }),
  ];
  const indicators = [new LatestHoursHealth(cache)];
  return { name: 'aggregation', host, port, logLevel, imports, indicators, afterStop: async () => redis?.stop() };
});
