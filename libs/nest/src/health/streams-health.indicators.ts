import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { AppHealth, PartitionLag } from '@millrace/runtime';
import { StreamsRegistry } from '../module/streams-registry.js';
import { livenessOf, readinessOf, type HealthReport } from './health-report.js';

/** What is looked at when a check is made. */
export interface ReadinessOptions {
  /** Most records that a partition may be behind. Default: no limit. */
  readonly maxLagRecords?: number;
}

/** Liveness of all streams applications and sinks of this process: down when only a restart helps. */
@Injectable()
export class StreamsLivenessIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly registry: StreamsRegistry,
  ) {}

  /** @param key The name of the result. Default `streams`. */
  check(key = 'streams'): HealthIndicatorResult {
    return combine(this.indicators, key, this.registry, (health) => livenessOf(health));
  }
}

/** Readiness of all streams applications and sinks of this process: up when all tasks run and lag is within bounds. */
@Injectable()
export class StreamsReadinessIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly registry: StreamsRegistry,
  ) {}

  /** @param key The name of the result. Default `streams`. */
  check(key = 'streams', { maxLagRecords = Infinity }: ReadinessOptions = {}): HealthIndicatorResult {
    return combine(this.indicators, key, this.registry, (health, lag) => readinessOf(health, lag, maxLagRecords));
  }
}

function combine(
  indicators: HealthIndicatorService,
  key: string,
  registry: StreamsRegistry,
  judge: (health: AppHealth, lag: readonly PartitionLag[]) => HealthReport,
): HealthIndicatorResult {
  const reports = registry.running.map(({ name, app }): [string, HealthReport] => [
    name,
    judge(app.health(), app.lag()),
  ]);
  const details = Object.fromEntries(reports.map(([name, report]) => [name, report.details]));
  const session = indicators.check(key);
  return reports.every(([, { isHealthy }]) => isHealthy) ? session.up(details) : session.down(details);
}
