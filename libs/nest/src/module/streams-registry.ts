import { Injectable } from '@nestjs/common';
import { ConfigurationError } from '@millrace/kernel';
import type { Runnable, StreamsAppHandle } from './streams-app-handle.js';

/** The streams applications of this process. */
@Injectable()
export class StreamsRegistry {
  readonly #handles = new Map<string, StreamsAppHandle>();

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

  /** Everything that runs in this process. */
  get running(): readonly { readonly name: string; readonly app: Runnable }[] {
    return this.handles.flatMap(({ runnables }) => runnables);
  }
}
