import { Injectable } from '@nestjs/common';
import { ConfigurationError } from '@millrace/kernel';
import type { Runnable, StreamsAppHandle } from './streams-app-handle.js';

/** What runs, by the name that health and lag are reported under. */
export interface NamedRunnable {
  readonly name: string;
  readonly app: Runnable;
}

/** The streams applications of this process. */
@Injectable()
export class StreamsRegistry {
  readonly #handles = new Map<string, StreamsAppHandle>();
  #elsewhere: () => readonly NamedRunnable[] = () => [];

  /** @throws {ConfigurationError} (stop-app) when there is an application of that name. */
  register(handle: StreamsAppHandle): StreamsAppHandle {
    if (this.#handles.has(handle.name)) {
      throw new ConfigurationError('the streams modules', [
        `two applications are named '${handle.name}': give StreamsModule.forRoot different names`,
      ]);
    }
    this.#handles.set(handle.name, handle);
    return handle;
  }

  get handles(): readonly StreamsAppHandle[] {
    return [...this.#handles.values()];
  }

  get(name: string): StreamsAppHandle | undefined {
    return this.#handles.get(name);
  }

  /** Everything that runs in this process, in worker threads too. */
  get running(): readonly NamedRunnable[] {
    return [...this.handles.flatMap(({ runnables }) => runnables), ...this.#elsewhere()];
  }

  /** Says what runs in other threads of this process. */
  includeElsewhere(running: () => readonly NamedRunnable[]): void {
    this.#elsewhere = running;
  }

  /**
   * Holds topologies of this thread back, in whichever application they are, as `StreamsApp.pause` does.
   *
   * @param topology The name of one. Default: all.
   * @throws {ConfigurationError} (stop-app) when no topology has that name.
   */
  async pause(topology?: string): Promise<void> {
    await Promise.all(this.#having(topology).map((handle) => handle.pause(topology)));
  }

  /** Undoes {@link pause}. Throws as it does. */
  resume(topology?: string): void {
    for (const handle of this.#having(topology)) handle.resume(topology);
  }

  #having(topology: string | undefined): readonly StreamsAppHandle[] {
    const found = this.handles.filter(({ app }) =>
      topology === undefined ? app !== undefined : app?.topologies.includes(topology) === true,
    );
    if (topology === undefined || found.length > 0) return found;
    throw new ConfigurationError('the streams of this process', [`no topology is named '${topology}'`]);
  }
}
