import { Inject, Injectable, Optional } from '@nestjs/common';
import { ConfigurationError, describeError } from '@millrace/kernel';
import { SinkApp, StreamsApp, type WorkerPlace } from '@millrace/runtime';
import { SinkExplorer, type FoundSink } from '../explorer/sink-explorer.js';
import { TopologyExplorer, type DefinedTopology } from '../explorer/topology-explorer.js';
import type { StreamsAppHandle } from './streams-app-handle.js';
import { StreamsRegistry } from './streams-registry.js';
import { DEFAULT_APP, WORKER_PLACE } from './tokens.js';

/** Puts the applications together from what was found in the container. */
@Injectable()
export class StreamsAssembler {
  constructor(
    private readonly registry: StreamsRegistry,
    private readonly topologies: TopologyExplorer,
    private readonly sinks: SinkExplorer,
    @Optional() @Inject(WORKER_PLACE) private readonly worker?: WorkerPlace,
  ) {}

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with any topology, processor or sink. */
  assemble(): void {
    const problems: string[] = [];
    const topologies = this.topologies.build(problems);
    const sinks = this.sinks.find(problems);
    for (const app of new Set([
      ...topologies.map(({ app }) => app),
      ...sinks.map(({ options }) => options.app ?? DEFAULT_APP),
    ])) {
      if (this.registry.get(app) !== undefined) continue;
      problems.push(`no application is named '${app}': import StreamsModule.forRoot for it, or correct the name`);
    }
    for (const handle of this.registry.handles) this.#attach(handle, topologies, sinks, problems);
    if (problems.length > 0) throw new ConfigurationError('the streams of this application', problems);
  }

  #attach(
    handle: StreamsAppHandle,
    topologies: readonly DefinedTopology[],
    sinks: readonly FoundSink[],
    problems: string[],
  ): void {
    const { autoStart: _autoStart, ...given } = handle.options;
    const { worker } = this;
    const options = worker === undefined ? given : { ...given, worker, threads: 1 };
    const own = topologies.filter(({ app }) => app === handle.name).map(({ topology }) => topology);
    const app = own.length === 0 ? undefined : attempt(() => new StreamsApp({ ...options, topologies: own }), problems);
    const made = new Map<string, SinkApp>();
    for (const { options: sinkOptions, writer } of sinks) {
      const { app: appName = DEFAULT_APP, ...sink } = sinkOptions;
      if (appName !== handle.name) continue;
      if (made.has(sink.name))
        problems.push(`two sinks are named '${sink.name}': a group has one offset per partition`);
      const { cluster, clock, random, shutdownTimeout, replicationFactor } = options;
      const instanceId = memberOf(options.instanceId, worker);
      const inherited = { cluster, clock, random, instanceId, shutdownTimeout, replicationFactor };
      const present = Object.fromEntries(Object.entries(inherited).filter(([, value]) => value !== undefined));
      const built = attempt(
        () => new SinkApp({ ...(present as Pick<typeof options, 'cluster'>), ...sink, writer }),
        problems,
      );
      if (built !== undefined) made.set(sink.name, built);
    }
    handle.attach(app, made);
  }
}

/** The workers of a process are members of a sink's group each. */
function memberOf(instanceId: string | undefined, worker: WorkerPlace | undefined): string | undefined {
  return instanceId === undefined || worker === undefined ? instanceId : `${instanceId}-${worker.index}`;
}

function attempt<T>(make: () => T, problems: string[]): T | undefined {
  try {
    return make();
  } catch (error) {
    problems.push(...(error instanceof ConfigurationError ? error.problems : [describeError(error)]));
    return undefined;
  }
}
