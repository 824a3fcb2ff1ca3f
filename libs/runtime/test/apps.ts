import type { Dialer } from '@millrace/kernel';
import type { Topology } from '@millrace/streams';
import { StreamsApp } from '../src/app/streams-app.js';
import type { StreamsAppOptions } from '../src/app/streams-app-options.js';
import type { EmbeddedCluster } from './embedded-cluster.js';

/** Starts applications on a cluster with short times, and stops what is left at the end of a spec. */
export class Apps {
  readonly #cluster: () => EmbeddedCluster;
  readonly #started: StreamsApp[] = [];

  constructor(cluster: () => EmbeddedCluster) {
    this.#cluster = cluster;
  }

  async start(
    topology: Topology,
    options: Partial<Omit<StreamsAppOptions, 'topologies' | 'cluster'>> & { readonly dialer?: Dialer } = {},
  ): Promise<StreamsApp> {
    const { dialer, ...rest } = options;
    const app = new StreamsApp({
      applicationId: 'app',
      topologies: [topology],
      cluster: { ...this.#cluster().options(), ...(dialer === undefined ? {} : { dialer }) },
      commitInterval: 10,
      heartbeatInterval: 20,
      sessionTimeout: '6s',
      shutdownTimeout: 200,
      ...rest,
    });
    this.#started.push(app);
    await app.start();
    return app;
  }

  /** All that were started and not yet stopped by {@link stop}. */
  get started(): readonly StreamsApp[] {
    return this.#started;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.splice(0).map((app) => app.stop()));
  }
}
