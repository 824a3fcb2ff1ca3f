import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { describeError } from '@millrace/kernel';
import { TopologyBuilder, TopologyError, type ProcessorResolver, type Topology } from '@millrace/streams';
import { ProcessorMark } from '../decorators/stream-processor.decorator.js';
import { TopologyMark } from '../decorators/stream-topology.decorator.js';
import type { TopologyDefinition } from '../decorators/topology-definition.js';
import { DEFAULT_APP } from '../module/tokens.js';
import { isStreamProcessor, readProcessorMethods, type ProcessorMethods } from '../processors/processor-methods.js';
import { providerSupplier } from '../processors/provider-processor.js';
import { discover, type DiscoveredProvider } from './discovered-provider.js';

/** A topology with the class that defines it and the application that runs it. */
export interface DefinedTopology {
  readonly type: unknown;
  readonly app: string;
  readonly topology: Topology;
}

/** Finds the classes decorated with `@StreamTopology()` and builds what they define, with processors from the container. */
@Injectable()
export class TopologyExplorer {
  constructor(private readonly discovery: DiscoveryService) {}

  /** @param problems Takes a sentence for everything that is wrong with any topology or processor. */
  build(problems: string[]): DefinedTopology[] {
    const resolve = this.#resolver(problems);
    return discover(this.discovery, TopologyMark, problems).flatMap((provider) => {
      const { type, options, instance } = provider;
      if (typeof (instance as Partial<TopologyDefinition>).define !== 'function') {
        problems.push(`${type.name} is decorated with @StreamTopology() but has no method define(t)`);
        return [];
      }
      const topology = this.#define(provider, resolve, problems);
      return topology === undefined ? [] : [{ type, app: options.app ?? DEFAULT_APP, topology }];
    });
  }

  #define(
    { type, options, instance }: DiscoveredProvider<{ readonly name: string }>,
    resolveProcessor: ProcessorResolver,
    problems: string[],
  ): Topology | undefined {
    const builder = new TopologyBuilder(options.name, { resolveProcessor });
    try {
      (instance as TopologyDefinition).define(builder);
      return builder.build();
    } catch (error) {
      const found = error instanceof TopologyError ? error.problems : [describeError(error)];
      problems.push(...found.map((problem) => `topology '${options.name}' (${type.name}): ${problem}`));
      return undefined;
    }
  }

  #resolver(problems: string[]): ProcessorResolver {
    const known = new Map<object, { readonly instance: object; readonly methods: ProcessorMethods | undefined }>();
    for (const { type, instance } of discover(this.discovery, ProcessorMark, problems)) {
      known.set(type, { instance, methods: readProcessorMethods(type, problems) });
    }
    return (token) => {
      const found = known.get(token);
      if (found?.methods !== undefined) return providerSupplier(found.instance, found.methods);
      if (found === undefined && isStreamProcessor(token)) {
        problems.push(`processor ${token.name} is used but not provided: list it among the providers of a module`);
      }
      return undefined;
    };
  }
}
