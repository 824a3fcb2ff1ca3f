import type { HealthIndicator, HealthReport } from '@millrace/observability';
import { Injectable, Module } from '@nestjs/common';
import { StreamsRegistry } from '../module/streams-registry.js';
import { StreamsCoreModule } from '../module/streams.module.js';

/** Liveness and readiness of the streams applications and sinks of this process. */
@Injectable()
export class StreamsHealth implements HealthIndicator {
  readonly name = 'streams';
  readonly #registry: StreamsRegistry;

  constructor(registry: StreamsRegistry) {
    this.#registry = registry;
  }

  /** Down when an application has ended by itself: only a restart helps. */
  liveness(): HealthReport {
    return this.#report(({ state }) => state !== 'ERROR');
  }

  /** Down while a thread is not running: it restores, rebalances or waits for a broker. */
  readiness(): HealthReport {
    return this.#report(
      ({ state, threads }) => state === 'RUNNING' && threads.every((thread) => thread.state === 'RUNNING'),
    );
  }

  #report(isFine: (health: ReturnType<StreamsRegistry['running'][number]['app']['health']>) => boolean): HealthReport {
    const reports = this.#registry.running.map(({ name, app }) => ({ name, health: app.health() }));
    return {
      isHealthy: reports.every(({ health }) => isFine(health)),
      details: Object.fromEntries(reports.map(({ name, health }) => [name, health.state])),
    };
  }
}

/** Provides {@link StreamsHealth} to `HealthModule.forRoot({ imports: [StreamsHealthIndicatorModule], indicators: [StreamsHealth] })`. */
@Module({ imports: [StreamsCoreModule], providers: [StreamsHealth], exports: [StreamsHealth] })
export class StreamsHealthIndicatorModule {}
