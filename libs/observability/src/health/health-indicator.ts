/** What a part of the application says about its health. */
export interface HealthReport {
  readonly isHealthy: boolean;
  /** For people; no secrets, and not `status`, which stands for `isHealthy` in the answer. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A part of the application that can say how it is. */
export interface HealthIndicator {
  /** Stands in the answer; unique. */
  readonly name: string;
  /** Unhealthy only when a restart of the process is the remedy: an orchestrator restarts it then. Default: has no say. */
  liveness?(): HealthReport | Promise<HealthReport>;
  /** Unhealthy when the process should get no work right now. Default: has no say. */
  readiness?(): HealthReport | Promise<HealthReport>;
}

/** Token of the application's indicators: `readonly HealthIndicator[]`. */
export const HEALTH_INDICATORS = Symbol.for('millrace:health-indicators');
