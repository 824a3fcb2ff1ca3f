import { ConfigurationError } from '@millrace/kernel';
import { ObservabilityModule } from '@millrace/observability';
import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import type { Logger } from 'pino';
import { StreamsCoreModule } from '../module/streams.module.js';
import { PAUSED_FROM_START, WORKER_PLACE } from '../module/tokens.js';
import type { WorkerSettings } from './worker-messages.js';

/** What the file of a worker exports as `default`: a module, or what makes one of the data that `StreamsWorkers` was given. */
export type WorkerModule =
  Type | DynamicModule | ((data: never) => Type | DynamicModule | Promise<Type | DynamicModule>);

@Module({})
class WorkerPlaceModule {}

@Module({})
class WorkerRootModule {}

/**
 * The root module of a worker's context: the module of the file, metrics and logs around it, and the place of the worker.
 *
 * @throws {ConfigurationError} (stop-app) when the file has no default export that is a module.
 */
export async function workerRootModule(settings: WorkerSettings, logger: Logger): Promise<DynamicModule> {
  const { moduleUrl, index, processId, service, paused } = settings;
  const place: Provider[] = [
    { provide: WORKER_PLACE, useValue: { processId, index } },
    { provide: PAUSED_FROM_START, useValue: paused },
  ];
  return {
    module: WorkerRootModule,
    imports: [
      {
        module: WorkerPlaceModule,
        global: true,
        providers: place,
        exports: place.map((each) => (each as { provide: symbol }).provide),
      },
      StreamsCoreModule,
      ObservabilityModule.forRoot({ service, logger, processMetrics: false, defaultLabels: { worker: `${index}` } }),
      await moduleOf(moduleUrl, settings.data),
    ],
  };
}

async function moduleOf(moduleUrl: string, data: unknown): Promise<Type | DynamicModule> {
  const exported = ((await import(moduleUrl)) as { readonly default?: WorkerModule }).default;
  if (typeof exported === 'function') {
    if (isModuleClass(exported)) return exported;
    return (exported as (given: unknown) => Promise<DynamicModule>)(data);
  }
  if (typeof exported === 'object' && 'module' in exported) return exported;
  throw new ConfigurationError('the module of the stream workers', [
    `${moduleUrl} must export a module, or a function that returns one, as default`,
  ]);
}

/** Nest marks the classes that `@Module()` decorates. */
function isModuleClass(exported: WorkerModule): exported is Type {
  return ['imports', 'providers', 'controllers', 'exports'].some((key) => Reflect.hasMetadata(key, exported));
}
