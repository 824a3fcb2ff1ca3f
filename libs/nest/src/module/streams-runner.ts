import {
  Inject,
  Injectable,
  Logger,
  Optional,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { describeError } from '@millrace/kernel';
import type { StreamsAppHandle } from './streams-app-handle.js';
import { StreamsAssembler } from './streams-assembler.js';
import { StreamsRegistry } from './streams-registry.js';
import { PAUSED_FROM_START } from './tokens.js';

/**
 * Builds everything when the module is initialised, starts it when the application is bootstrapped, and stops it before
 * the shutdown, while the providers that handlers and sinks use still work.
 */
@Injectable()
export class StreamsRunner implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger('Streams');

  constructor(
    private readonly registry: StreamsRegistry,
    private readonly assembler: StreamsAssembler,
    @Optional() @Inject(PAUSED_FROM_START) private readonly pausedFromStart: readonly string[] = [],
  ) {}

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with any topology, processor or sink. */
  onModuleInit(): void {
    this.assembler.assemble();
  }

  /** Starts everything; when one fails, what runs already is stopped. Throws as `StreamsApp.start`. */
  async onApplicationBootstrap(): Promise<void> {
    for (const topology of this.pausedFromStart) await this.registry.pause(topology);
    const handles = this.registry.handles.filter(({ options }) => options.autoStart !== false);
    const starts = await Promise.allSettled(handles.map((each) => this.start(each)));
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed === undefined) return;
    await this.beforeApplicationShutdown();
    throw failed.reason;
  }

  /** Starts the streams application of a handle, then its sinks. Throws as `StreamsApp.start`. */
  async start(handle: StreamsAppHandle): Promise<void> {
    for (const { name, app } of handle.runnables) {
      await app.start();
      app.finished.catch((error: unknown) => this.#logger.error(`'${name}' has ended: ${describeError(error)}`));
    }
  }

  /** Resolves when everything was stopped in order; rejects with the first error that ended anything. */
  async finished(): Promise<void> {
    await Promise.all(this.registry.running.map(({ app }) => app.finished));
  }

  /** Commits, leaves the groups and disconnects, sinks after what feeds them. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.registry.handles.map((handle) => this.#stop(handle)));
  }

  async #stop(handle: StreamsAppHandle): Promise<void> {
    for (const { name, app } of handle.runnables) {
      try {
        await app.stop();
      } catch (error) {
        this.#logger.error(`'${name}' did not stop in order: ${describeError(error)}`);
      }
    }
  }
}
