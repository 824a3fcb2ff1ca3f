import type { INestApplicationContext, Type } from '@nestjs/common';
import { ConfigurationError } from '@millrace/kernel';
import type { Topology } from '@millrace/streams';
import { TopologyTestDriver, type TopologyTestDriverOptions } from '@millrace/streams/testing';
import type { TopologyDefinition } from '../decorators/topology-definition.js';
import { TopologyExplorer } from '../explorer/topology-explorer.js';

/**
 * All topologies of a Nest context, by name; nothing is started.
 *
 * @param context One that imports `StreamsTestingModule` or `StreamsModule`.
 * @throws {ConfigurationError} (stop-app) naming everything that is wrong with any topology or processor.
 */
export function moduleTopologies(context: INestApplicationContext): ReadonlyMap<string, Topology> {
  return new Map(definitions(context).map(({ topology }) => [topology.name, topology]));
}

/**
 * A driver that runs a topology of a Nest context with the context's own providers as processors, in milliseconds.
 *
 * @param topology The class decorated with `@StreamTopology()`, or the topology's name.
 * @throws {ConfigurationError} (stop-app) as {@link moduleTopologies}, or when there is no such topology.
 */
export function topologyTestDriver(
  context: INestApplicationContext,
  topology: Type<TopologyDefinition> | string,
  options: TopologyTestDriverOptions = {},
): TopologyTestDriver {
  const defined = definitions(context);
  const found = defined.find((each) => each.type === topology || each.topology.name === topology);
  if (found !== undefined) return new TopologyTestDriver(found.topology, options);
  const wanted = typeof topology === 'string' ? `'${topology}'` : topology.name;
  const names = defined.map((each) => `'${each.topology.name}'`).join(', ');
  throw new ConfigurationError('the topology test driver', [
    `there is no topology ${wanted}; there are: ${names || 'none'}`,
  ]);
}

function definitions(context: INestApplicationContext): ReturnType<TopologyExplorer['build']> {
  const problems: string[] = [];
  const defined = context.get(TopologyExplorer, { strict: false }).build(problems);
  if (problems.length > 0) throw new ConfigurationError('the topologies of this module', problems);
  return defined;
}
