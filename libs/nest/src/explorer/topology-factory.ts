import type { Type } from '@nestjs/common';
import { describeError } from '@millrace/kernel';
import { TopologyBuilder, TopologyError, type ProcessorResolver, type Topology } from '@millrace/streams';
import type { TopologyDefinition } from '../topology-definition.js';

/**
 * Builds the topology of a definition.
 *
 * @param problems Takes a sentence for each thing that is wrong; then the result is `undefined`.
 */
export function buildTopology(
  name: string,
  definition: TopologyDefinition,
  resolveProcessor: ProcessorResolver,
  problems: string[],
): Topology | undefined {
  const type = definition.constructor as Type;
  if (typeof definition.define !== 'function') {
    problems.push(`topology '${name}': ${type.name} has no define(topology) method`);
    return undefined;
  }
  try {
    const builder = new TopologyBuilder(name, { resolveProcessor });
    definition.define(builder);
    return builder.build();
  } catch (error) {
    const each = error instanceof TopologyError ? error.problems : [describeError(error)];
    problems.push(...each.map((problem) => `topology '${name}': ${problem}`));
    return undefined;
  }
}
