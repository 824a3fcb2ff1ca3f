import { Controller, Get, Inject, Res } from '@nestjs/common';
import { PrometheusController } from './nestjs-prometheus.js';
import { register, Registry } from 'prom-client';

/** Token of the registry that an {@link ObservabilityModule} fills; inject it to add metrics of your own. */
export const METRICS_REGISTRY = Symbol.for('millrace:metrics-registry');

/**
 * `GET /metrics`: the metrics of Millrace, and those that the application has registered with prom-client's global registry, for
 * instance through `makeCounterProvider` of @willsoto/nestjs-prometheus.
 */
@Controller()
export class MetricsController extends PrometheusController {
  constructor(@Inject(METRICS_REGISTRY) private readonly registry: Registry) {
    super();
  }

  @Get()
  override async index(@Res({ passthrough: true }) response: unknown): Promise<string> {
    (response as { header(name: string, value: string): void }).header('Content-Type', this.registry.contentType);
    const texts = await Promise.all([this.registry.metrics(), register.metrics()]);
    return (
      texts
        .map((text) => text.trim())
        .filter((text) => text !== '')
        .join('\n\n') + '\n'
    );
  }
}
