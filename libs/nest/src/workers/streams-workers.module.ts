import { METRICS_SOURCE } from '@millrace/observability';
import {
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { StreamsRegistry } from '../module/streams-registry.js';
import { StreamsCoreModule } from '../module/streams.module.js';
import type { StreamsWorkersOptions } from './streams-workers-options.js';
import { StreamsWorkers } from './streams-workers.js';

/**
 * Runs the streams of an application on worker threads, each with a Nest context, event loop and heap of its own; HTTP, health and
 * metrics stay in the main thread, where this module is imported.
 *
 * ```ts
 * StreamsWorkersModule.forRoot({ module: new URL('./streams.module.js', import.meta.url), threads: 4 })
 * ```
 *
 * `StreamsModule` belongs into the module of that file, not beside this one. Workers are started on application bootstrap and
 * stopped before the shutdown. Health, lag and `StreamsRunner.finished()` include them; so does `GET /metrics`.
 */
@Module({})
export class StreamsWorkersModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly workers: StreamsWorkers,
    private readonly registry: StreamsRegistry,
  ) {}

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with the options. */
  static forRoot(options: StreamsWorkersOptions): DynamicModule {
    return {
      module: StreamsWorkersModule,
      global: true,
      imports: [StreamsCoreModule],
      providers: [
        { provide: StreamsWorkers, useValue: new StreamsWorkers(options) },
        { provide: METRICS_SOURCE, useExisting: StreamsWorkers },
      ],
      exports: [StreamsWorkers, METRICS_SOURCE],
    };
  }

  /** Throws as {@link StreamsWorkers.start}. */
  async onApplicationBootstrap(): Promise<void> {
    await this.workers.start();
    this.registry.includeElsewhere(() => this.workers.running);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.workers.stop();
  }
}
