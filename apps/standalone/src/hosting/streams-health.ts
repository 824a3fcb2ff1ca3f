import { StreamsRegistry } from '@millrace/nest';
import type { HealthIndicator, HealthReport } from '@millrace/observability';
import { Injectable } from '@nestjs/common';

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
    return this.#report(({ state, threads }) => state === 'RUNNING' && threads.every((thread) => thread.state === 'RUNNING'));
  }

  #report(isFine: (health: ReturnType<StreamsRegistry['running'][number]['app']['health']>) => boolean): HealthReport {
    const reports = this.#registry.running.map(({ name, app }) => ({ name, health: app.health() }));
    return {
      isHealthy: reports.every(({ health }) => isFine(health)),
      details: Object.fromEntries(reports.map(({ name, health }) => [name, health.state])),
    };
  }
}
