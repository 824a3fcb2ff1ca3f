import { FatalError } from '@millrace/kernel';
import type { AppHealth, PartitionLag, SinkApp, StreamsApp } from '@millrace/runtime';
import type { StreamsModuleOptions } from './streams-module-options.js';

/** Whatever the runtime runs: a streams application or a sink. */
export interface Runnable {
  start(): Promise<void>;
  stop(): Promise<void>;
  health(): AppHealth;
  lag(): PartitionLag[];
  readonly finished: Promise<void>;
}

/** What {@link InjectStreamsApp} injects: an application of this process, its topologies and its sinks. */
export class StreamsAppHandle {
  readonly name: string;
  readonly options: StreamsModuleOptions;
  #app: StreamsApp | undefined;
  #sinks: ReadonlyMap<string, SinkApp> = new Map();

  constructor(name: string, options: StreamsModuleOptions) {
    this.name = name;
    this.options = options;
  }

  /** The streams application; `undefined` when no topology belongs to it, or before the application is bootstrapped. */
  get app(): StreamsApp | undefined {
    return this.#app;
  }

  /** The sinks by name. */
  get sinks(): ReadonlyMap<string, SinkApp> {
    return this.#sinks;
  }

  /** Everything that runs, by the name that health and lag are reported under. */
  get runnables(): readonly { readonly name: string; readonly app: Runnable }[] {
    const sinks = [...this.#sinks].map(([name, app]) => ({ name, app }));
    return this.#app === undefined ? sinks : [{ name: this.options.applicationId, app: this.#app }, ...sinks];
  }

  /** Called once, when everything is built. */
  attach(app: StreamsApp | undefined, sinks: ReadonlyMap<string, SinkApp>): void {
    this.#app = app;
    this.#sinks = sinks;
  }

  /**
   * Holds topologies of this process back, as `StreamsApp.pause` does; its sinks go on. May be called before the start.
   *
   * @param topology The name of one. Default: all.
   * @throws {FatalError} (stop-app) `MR_LIFECYCLE_ORDER` before the module is initialised; {@link ConfigurationError} when no
   *   topology has that name.
   */
  async pause(topology?: string): Promise<void> {
    await this.#streams().pause(topology);
  }

  /** Undoes {@link pause}. Throws as it does. */
  resume(topology?: string): void {
    this.#streams().resume(topology);
  }

  /**
   * Waits until the topologies have processed, and the sinks written, everything up to the present ends of their inputs.
   *
   * @throws {FatalError} (stop-app) `MR_LIFECYCLE_ORDER` before the application is bootstrapped; else what ended it.
   */
  async drained(): Promise<void> {
    if (this.runnables.length === 0) {
      throw new FatalError('MR_LIFECYCLE_ORDER', `the streams application '${this.name}' is not bootstrapped yet`);
    }
    await this.#app?.drained();
    await Promise.all([...this.#sinks.values()].map((sink) => sink.drain()));
  }

  #streams(): StreamsApp {
    if (this.#app !== undefined) return this.#app;
    throw new FatalError(
      'MR_LIFECYCLE_ORDER',
      `the application '${this.name}' has no topology, or is not initialised yet`,
    );
  }
}
