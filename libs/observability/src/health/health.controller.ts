import { SystemClock, type Clock } from '@millrace/kernel';
import { Controller, Get, Inject, Optional } from '@nestjs/common';
import {
  HealthCheck,
  HealthCheckService,
  type HealthCheckResult,
  type HealthIndicatorFunction,
} from '@nestjs/terminus';
import { checkIndicator, type HealthQuestion } from './check-indicator.js';
import { HEALTH_INDICATORS, type HealthIndicator } from './health-indicator.js';

/** Token of the options that the controller gets. */
export const HEALTH_SETTINGS = Symbol.for('millrace:health-settings');

/** What the controller gets from its module. */
export interface HealthSettings {
  readonly timeoutMs: number;
  readonly clock?: Clock;
}

/**
 * `GET /health/live`, `/health/ready` and `/health` for both: 200 when all that are asked are up, else 503; the body says which
 * are not.
 */
@Controller('health')
export class HealthController {
  readonly #clock: Clock;

  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HEALTH_SETTINGS) private readonly settings: HealthSettings,
    @Optional() @Inject(HEALTH_INDICATORS) private readonly indicators: readonly HealthIndicator[] = [],
  ) {
    this.#clock = settings.clock ?? new SystemClock();
  }

  @Get('live')
  @HealthCheck()
  live(): Promise<HealthCheckResult> {
    return this.health.check(this.#checks('liveness', ({ name }) => name));
  }

  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check(this.#checks('readiness', ({ name }) => name));
  }

  @Get()
  @HealthCheck()
  all(): Promise<HealthCheckResult> {
    return this.health.check([
      ...this.#checks('liveness', ({ name }) => `${name}.liveness`),
      ...this.#checks('readiness', ({ name }) => `${name}.readiness`),
    ]);
  }

  #checks(question: HealthQuestion, keyOf: (indicator: HealthIndicator) => string): HealthIndicatorFunction[] {
    const { timeoutMs } = this.settings;
    return this.indicators
      .filter((indicator) => indicator[question] !== undefined)
      .map(
        (indicator) => () =>
          checkIndicator(indicator, question, { key: keyOf(indicator), timeoutMs, clock: this.#clock }),
      );
  }
}
