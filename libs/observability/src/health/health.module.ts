import { toMs, type Clock, type Duration } from '@millrace/kernel';
import { Module, type DynamicModule, type InjectionToken, type ModuleMetadata, type Provider } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HEALTH_INDICATORS, type HealthIndicator } from './health-indicator.js';
import { HEALTH_SETTINGS, HealthController, type HealthSettings } from './health.controller.js';

/** What {@link HealthModule} can be told. */
export interface HealthOptions {
  /**
   * Tokens of providers that are a {@link HealthIndicator} or several of them. Default: what a global module provides under
   * {@link HEALTH_INDICATORS}, or none.
   */
  readonly indicators?: readonly InjectionToken[];
  /** Modules that export these providers. Default: none. */
  readonly imports?: ModuleMetadata['imports'];
  /** How long an indicator may take to answer. Default: `2s`. */
  readonly timeout?: Duration;
  readonly clock?: Clock;
}

/** Serves `GET /health`, `/health/live` and `/health/ready`. */
@Module({})
export class HealthModule {
  static forRoot({ indicators, imports = [], timeout = '2s', clock }: HealthOptions = {}): DynamicModule {
    const settings: HealthSettings = { timeoutMs: toMs(timeout), ...(clock === undefined ? {} : { clock }) };
    const provided: Provider[] = [{ provide: HEALTH_SETTINGS, useValue: settings }];
    if (indicators !== undefined) {
      provided.push({
        provide: HEALTH_INDICATORS,
        inject: [...indicators],
        useFactory: (...found: (HealthIndicator | readonly HealthIndicator[])[]) => found.flat(),
      });
    }
    return {
      module: HealthModule,
      imports: [TerminusModule.forRoot({ logger: false }), ...imports],
      controllers: [HealthController],
      providers: provided,
    };
  }
}
