import { Controller, Get, Inject, Optional, Res } from '@nestjs/common';
import { PrometheusController } from './nestjs-prometheus.js';
import { AggregatorRegistry, register, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';

/** Token of the registry that an {@link ObservabilityModule} fills; inject it to add metrics of your own. */
export const METRICS_REGISTRY = Symbol.for('millrace:metrics-registry');

/** Token of a {@link MetricsSource}, where the process has one. */
export const METRICS_SOURCE = Symbol.for('millrace:metrics-source');

/** The metrics of a registry as data. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Metrics of other registries, such as those of worker threads. */
export interface MetricsSource {
  /** What each registry holds now; one that does not answer is left out. */
  snapshots(): Promise<readonly MetricsSnapshot[]>;
}

/**
 * `GET /metrics`: the metrics of Millrace, and those that the application has registered with prom-client's global registry, for
 * instance through `makeCounterProvider` of @willsoto/nestjs-prometheus.
 */
@Controller()
export class MetricsController extends PrometheusController {
  constructor(
    @Inject(METRICS_REGISTRY) private readonly registry: Registry,
    @Optional() @Inject(METRICS_SOURCE) private readonly source?: MetricsSource,
  ) {
    super();
  }

  @Get()
  override async index(@Res({ passthrough: true }) response: unknown): Promise<string> {
    (response as { header(name: string, value: string): void }).header('Content-Type', this.registry.contentType);
    const texts = await Promise.all([this.#own(), register.metrics()]);
    return (
      texts
        .map((text) => text.trim())
        .filter((text) => text !== '')
        .join('\n\n') + '\n'
    );
  }

  /** Series of the same name and labels are summed up; registries that label theirs stay apart. */
  async #own(): Promise<string> {
    if (this.source === undefined) return this.registry.metrics();
    const [own, others] = await Promise.all([this.registry.getMetricsAsJSON(), this.source.snapshots()]);
    return AggregatorRegistry.aggregate([own, ...others]).metrics();
  }
}
