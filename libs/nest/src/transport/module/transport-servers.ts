import type { HealthIndicator, HealthReport } from '@millrace/observability';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { MillraceServer, MillraceServerHealth } from '../millrace-server.js';

/** Token of the servers of an application: `readonly MillraceServer[]`. */
export const MILLRACE_SERVERS = Symbol.for('millrace:transport-servers');

/**
 * The servers of an application. Drains them when the application begins to end: Nest closes the microservices of a hybrid
 * application only after `onModuleDestroy` and `beforeApplicationShutdown`, when databases may be closed already.
 */
@Injectable()
export class TransportServers implements OnModuleDestroy {
  constructor(@Inject(MILLRACE_SERVERS) readonly all: readonly MillraceServer[]) {}

  /** Lets handlers end, commits, and leaves the groups. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.all.map((server) => server.close()));
  }
}

/** Liveness and readiness of the servers of this process, for `HealthModule` of `@millrace/observability`. */
@Injectable()
export class TransportHealth implements HealthIndicator {
  readonly name = 'transport';

  constructor(@Inject(TransportServers) private readonly servers: TransportServers) {}

  /** Down when a server has come to its end by an error: only a restart helps. */
  liveness(): HealthReport {
    return this.#report(({ state }) => state !== 'FAILED');
  }

  /** Down until a server has joined its group. A rebalance changes nothing: what a member keeps is read on meanwhile. */
  readiness(): HealthReport {
    return this.#report(({ state }) => state === 'RUNNING' || state === 'REBALANCING');
  }

  #report(isFine: (health: MillraceServerHealth) => boolean): HealthReport {
    const reports = this.servers.all.map((server) => server.health());
    return {
      isHealthy: reports.every(isFine),
      details: Object.fromEntries(reports.map(({ groupId, state, error }) => [groupId, error ?? state])),
    };
  }
}

/** The same for terminus: `health.check([() => transport.liveness(), () => transport.readiness()])`. */
@Injectable()
export class TransportHealthIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(TransportHealth) private readonly health: TransportHealth,
  ) {}

  /** @param key The name of the result. Default `transport`. */
  liveness(key = 'transport'): HealthIndicatorResult {
    return this.#result(key, this.health.liveness());
  }

  /** @param key The name of the result. Default `transport`. */
  readiness(key = 'transport'): HealthIndicatorResult {
    return this.#result(key, this.health.readiness());
  }

  #result(key: string, { isHealthy, details = {} }: HealthReport): HealthIndicatorResult {
    const session = this.indicators.check(key);
    return isHealthy ? session.up(details) : session.down(details);
  }
}
