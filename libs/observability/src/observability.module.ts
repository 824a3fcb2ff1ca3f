import { Inject, Module, type DynamicModule, type OnModuleDestroy } from '@nestjs/common';
import { PrometheusModule } from './metrics/nestjs-prometheus.js';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { ChannelLog } from './logging/channel-log.js';
import { ChannelMetrics } from './metrics/channel-metrics.js';
import { METRICS_REGISTRY, MetricsController } from './metrics/metrics.controller.js';

/** What {@link ObservabilityModule} can be told. */
export interface ObservabilityOptions {
  /** Name of the service: the label `service` of every metric. */
  readonly service: string;
  /** Labels that every metric gets. Default: none but `service`. */
  readonly defaultLabels?: Readonly<Record<string, string>>;
  /** Metrics of the process: event-loop lag, memory, garbage collection, file descriptors. Default: true. */
  readonly processMetrics?: boolean;
  /** Takes what people should read of the diagnostics channels. Default: nothing is logged. */
  readonly logger?: Logger;
}

/**
 * Serves `GET /metrics` and fills it from the diagnostics channels of all libraries.
 *
 * Channels belong to the process, so with several applications in one process each serves the figures of all of them, without
 * counting anything twice.
 */
@Module({})
export class ObservabilityModule implements OnModuleDestroy {
  constructor(
    @Inject(ChannelMetrics) private readonly metrics: ChannelMetrics,
    @Inject(ChannelLog) private readonly log: ChannelLog,
  ) {}

  static forRoot(options: ObservabilityOptions): DynamicModule {
    const registry = new Registry();
    registry.setDefaultLabels({ ...options.defaultLabels, service: options.service });
    if (options.processMetrics !== false) collectDefaultMetrics({ register: registry });
    return {
      module: ObservabilityModule,
      global: true,
      imports: [PrometheusModule.register({ controller: MetricsController, defaultMetrics: { enabled: false } })],
      providers: [
        { provide: METRICS_REGISTRY, useValue: registry },
        {
          provide: ChannelMetrics,
          // Subscribed while providers are made, so that nothing that happens during the start is missed.
          useFactory: async () => {
            const metrics = new ChannelMetrics(registry);
            await metrics.start();
            return metrics;
          },
        },
        {
          provide: ChannelLog,
          useFactory: async () => {
            const log = new ChannelLog(options.logger);
            await log.start();
            return log;
          },
        },
      ],
      exports: [METRICS_REGISTRY],
    };
  }

  async onModuleDestroy(): Promise<void> {
    await this.metrics.stop();
    await this.log.stop();
  }
}
