import { Module, type Provider, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigurationError, describeError } from '@millrace/kernel';
import { TopologyBuilder, TopologyError, type ProcessorResolver, type Topology } from '@millrace/streams';
import { TopologyMark, type StreamTopologyOptions } from '../decorators/stream-topology.decorator.js';
import type { TopologyDefinition } from '../decorators/topology-definition.js';
import { DEFAULT_APP } from '../module/tokens.js';
import { isStreamProcessor, readProcessorMethods } from '../processors/processor-methods.js';
import { providerSupplier } from '../processors/provider-processor.js';

/** A topology as its class defines it. */
export interface ClassTopology {
  readonly type: Type<TopologyDefinition>;
  readonly app: string;
  readonly topology: Topology;
}

/** Those of the given values, such as the exports of a file, that are classes decorated with `@StreamTopology()`. */
export function topologyClasses(values: readonly unknown[]): Type<TopologyDefinition>[] {
  return values.filter(
    (each): each is Type<TopologyDefinition> =>
      typeof each === 'function' && Reflect.hasMetadata(TopologyMark.KEY, each),
  );
}

/**
 * Builds topologies for their names alone: nothing of what they say is run. Their classes get what they inject; processors are not
 * made, only their decorators are read, so what those inject need not be there.
 *
 * @param providers What the classes inject.
 * @throws {ConfigurationError} (stop-app) naming everything that is wrong with any topology or processor, or what cannot be injected.
 */
export async function definedTopologies(
  classes: readonly Type<TopologyDefinition>[],
  providers: readonly Provider[] = [],
): Promise<ClassTopology[]> {
  class TopologyClassesModule {}
  Module({ providers: [...classes, ...providers] })(TopologyClassesModule);
  const context = await NestFactory.createApplicationContext(TopologyClassesModule, {
    logger: false,
    abortOnError: false,
  }).catch((cause: unknown) => {
    throw new ConfigurationError('the topologies', [describeError(cause)], { cause });
  });
  try {
    const problems: string[] = [];
    const defined = classes.flatMap((type): ClassTopology[] => {
      const { name, app = DEFAULT_APP } = Reflect.getMetadata(TopologyMark.KEY, type) as StreamTopologyOptions;
      const builder = new TopologyBuilder(name, { resolveProcessor: byDecorators(problems) });
      try {
        context.get(type).define(builder);
        return [{ type, app, topology: builder.build() }];
      } catch (error) {
        const found = error instanceof TopologyError ? error.problems : [describeError(error)];
        problems.push(...found.map((problem) => `topology '${name}' (${type.name}): ${problem}`));
        return [];
      }
    });
    if (problems.length > 0) throw new ConfigurationError('the topologies', problems);
    return defined;
  } finally {
    await context.close();
  }
}

function byDecorators(problems: string[]): ProcessorResolver {
  return (token) => {
    if (!isStreamProcessor(token)) return undefined;
    const methods = readProcessorMethods(token, problems);
    return methods && providerSupplier(Object.create(token.prototype as object) as object, methods);
  };
}
