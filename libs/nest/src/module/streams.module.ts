import { Module, type DynamicModule, type ModuleMetadata, type Provider, type Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { SinkExplorer } from '../explorer/sink-explorer.js';
import { TopologyExplorer } from '../explorer/topology-explorer.js';
import { StreamsAppHandle } from './streams-app-handle.js';
import { StreamsAssembler } from './streams-assembler.js';
import type { StreamsModuleAsyncOptions, StreamsModuleOptions } from './streams-module-options.js';
import { StreamsRegistry } from './streams-registry.js';
import { StreamsRunner } from './streams-runner.js';
import { DEFAULT_APP, streamsAppToken, streamsOptionsToken } from './tokens.js';

/** What a feature module brings along. */
export interface StreamsFeature {
  /** Classes decorated with `@StreamTopology()`. */
  readonly topologies?: readonly Type[];
  /** Classes decorated with `@StreamProcessor()`. */
  readonly processors?: readonly Type[];
  /** Classes decorated with `@StreamSink()`. */
  readonly sinks?: readonly Type[];
  /** Modules whose providers these classes inject. */
  readonly imports?: ModuleMetadata['imports'];
  /** Other providers that these classes inject. */
  readonly providers?: readonly Provider[];
}

/** What all streams applications of a process share; imported by {@link StreamsModule}. */
@Module({
  imports: [DiscoveryModule],
  providers: [StreamsRegistry, TopologyExplorer, SinkExplorer, StreamsAssembler, StreamsRunner],
  exports: [StreamsRegistry, StreamsRunner, TopologyExplorer],
})
export class StreamsCoreModule {}

/**
 * Runs stream topologies and sinks in a Nest application.
 *
 * ```ts
 * @Module({
 *   imports: [
 *     StreamsModule.forRoot({ applicationId: 'enrichment', cluster: { bootstrap: ['localhost:9092'] } }),
 *     StreamsModule.forFeature({ topologies: [FlightEnrichment], processors: [DelayScore] }),
 *   ],
 * })
 * export class EnrichmentModule {}
 * ```
 *
 * Call `app.enableShutdownHooks()`, so that a signal commits and leaves the group in order.
 */
@Module({})
export class StreamsModule {
  /** @param name Tells applications of one process apart. Default: `default`. */
  static forRoot(options: StreamsModuleOptions, name = DEFAULT_APP): DynamicModule {
    return rootModule(name, { provide: streamsOptionsToken(name), useValue: options }, []);
  }

  static forRootAsync({
    name = DEFAULT_APP,
    imports = [],
    inject = [],
    useFactory,
  }: StreamsModuleAsyncOptions): DynamicModule {
    return rootModule(name, { provide: streamsOptionsToken(name), inject, useFactory }, imports);
  }

  /** Provides topologies, processors and sinks. Listing the classes among the providers of any module does the same. */
  static forFeature(feature: StreamsFeature): DynamicModule {
    const { topologies = [], processors = [], sinks = [], imports = [], providers = [] } = feature;
    const classes = [...topologies, ...processors, ...sinks];
    return { module: StreamsModule, imports, providers: [...classes, ...providers], exports: classes };
  }
}

function rootModule(name: string, options: Provider, imports: NonNullable<ModuleMetadata['imports']>): DynamicModule {
  const handle: Provider = {
    provide: streamsAppToken(name),
    inject: [StreamsRegistry, streamsOptionsToken(name)],
    useFactory: (registry: StreamsRegistry, settings: StreamsModuleOptions) =>
      registry.register(new StreamsAppHandle(name, settings)),
  };
  return {
    module: StreamsModule,
    global: true,
    imports: [StreamsCoreModule, ...imports],
    providers: [options, handle],
    exports: [handle, StreamsCoreModule],
  };
}
