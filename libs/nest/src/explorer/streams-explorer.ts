import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { ConfigurationError, describeError, isMillraceError } from '@millrace/kernel';
import { SinkApp, StreamsApp } from '@millrace/runtime';
import type { ProcessorResolver, SinkWriter, Topology } from '@millrace/streams';
import { SinkMark, type StreamSinkOptions } from '../decorators/stream-sink.decorator.js';
import { TopologyMark, type StreamTopologyOptions } from '../decorators/stream-topology.decorator.js';
import { StreamsRegistry } from '../module/streams-registry.js';
import type { StreamsAppHandle } from '../module/streams-app-handle.js';
import { DEFAULT_APP } from '../module/tokens.js';
import { isStreamProcessor, readProcessorMethods } from '../processors/processor-methods.js';
import { supplierOf } from '../processors/provider-processor.js';
import type { TopologyDefinition } from '../topology-definition.js';
import { buildTopology } from './topology-factory.js';

interface Discovered<T> {
  readonly instance: object;
  readonly type: Type;
  readonly options: T;
}

/** Finds topologies, processors and sinks among the providers, and builds what runs them. */
@Injectable()
export class StreamsExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly registry: StreamsRegistry,
  ) {}

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with any topology, processor or sink. */
  explore(): void {
    const problems: string[] = [];
    const resolve = this.#processors(problems);
    const topologies = this.topologies(resolve, problems);
    const sinks = this.#decorated<StreamSinkOptions>(SinkMark.KEY, problems);
    const known = new Set(this.registry.handles.map(({ name }) => name));
    for (const app of new Set([...topologies.keys(), ...sinks.map(({ options }) => options.app ?? DEFAULT_APP)])) {
      if (!known.has(app)) problems.push(`there is no application '${app}': import StreamsModule.forRoot(options, '${app}')`);
    }
    for (const handle of this.registry.handles) {
      const own = sinks.filter(({ options }) => (options.app ?? DEFAULT_APP) === handle.name);
      attach(handle, topologies.get(handle.name) ?? [], own, problems);
    }
    if (problems.length > 0) throw new ConfigurationError('the streams of this application', problems);
  }

  /** Builds all topologies, by the application that runs them. */
  topologies(resolve: ProcessorResolver, problems: string[]): Map<string, Topology[]> {
    const byApp = new Map<string, Topology[]>();
    for (const { instance, options } of this.#decorated<StreamTopologyOptions>(TopologyMark.KEY, problems)) {
      const topology = buildTopology(options.name, instance as TopologyDefinition, resolve, problems);
      if (topology === undefined) continue;
      const app = options.app ?? DEFAULT_APP;
      byApp.set(app, [...(byApp.get(app) ?? []), topology]);
    }
    return byApp;
  }

  /** Resolves processor classes to suppliers around the instances that Nest made. */
  #processors(problems: string[]): ProcessorResolver {
    const suppliers = new Map<object, ReturnType<typeof supplierOf>>();
    for (const wrapper of this.discovery.getProviders()) {
      const { metatype } = wrapper;
      if (!isStreamProcessor(metatype) || suppliers.has(metatype)) continue;
      const methods = readProcessorMethods(metatype, problems);
      if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient) {
        problems.push(`processor ${metatype.name} is request-scoped or transient, or injects something that is: make it a singleton`);
      } else if (methods !== undefined) {
        suppliers.set(metatype, supplierOf(wrapper.instance as object, methods));
      }
    }
    return (token) => suppliers.get(token);
  }

  #decorated<T>(key: string, problems: string[]): Discovered<T>[] {
    const found = new Map<unknown, Discovered<T>>();
    for (const wrapper of this.discovery.getProviders()) {
      const type = wrapper.metatype as Type | null;
      if (typeof type !== 'function' || !Reflect.hasMetadata(key, type)) continue;
      if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient) {
        problems.push(`${type.name} is request-scoped or transient, or injects something that is: make it a singleton`);
        continue;
      }
      found.set(wrapper.instance, {
        instance: wrapper.instance as object,
        type,
        options: Reflect.getMetadata(key, type) as T,
      });
    }
    return [...found.values()];
  }
}

function attach(
  handle: StreamsAppHandle,
  topologies: readonly Topology[],
  sinks: readonly Discovered<StreamSinkOptions>[],
  problems: string[],
): void {
  const { autoStart: _autoStart, shutdownTimeout: _shutdownTimeout, ...options } = handle.options;
  const built = <T>(what: string, make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      problems.push(`${what}: ${error instanceof ConfigurationError ? error.problems.join('; ') : describeError(error)}`);
      return undefined;
    }
  };
  const app =
    topologies.length === 0
      ? undefined
      : built(`application '${handle.name}'`, () => new StreamsApp({ ...options, topologies }));
  const apps = new Map<string, SinkApp>();
  for (const { instance, type, options: sink } of sinks) {
    const { app: _app, ...sinkOptions } = sink;
    if (apps.has(sink.name)) problems.push(`two sinks of '${handle.name}' are named '${sink.name}'`);
    const made = built(`sink '${sink.name}' (${type.name})`, () => {
      const { cluster, clock, random } = options;
      const environment = { ...(clock === undefined ? {} : { clock }), ...(random === undefined ? {} : { random }) };
      return new SinkApp({ ...environment, cluster, ...sinkOptions, writer: instance as SinkWriter });
    });
    if (made !== undefined) apps.set(sink.name, made);
  }
  handle.attach(app, apps);
}
