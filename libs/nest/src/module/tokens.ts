import { Inject } from '@nestjs/common';

/** The name of an application that was not given one. */
export const DEFAULT_APP = 'default';

/** Token of the `StreamsAppHandle` of an application. */
export function streamsAppToken(name = DEFAULT_APP): string {
  return `millrace:streams-app:${name}`;
}

/** Token of the place of the worker thread whose Nest context this is; absent in the main thread. */
export const WORKER_PLACE = Symbol.for('millrace:worker-place');

/** Token of the names of topologies that are started paused; absent: none. */
export const PAUSED_FROM_START = Symbol.for('millrace:paused-from-start');

/** Token of the options of an application. */
export function streamsOptionsToken(name = DEFAULT_APP): string {
  return `millrace:streams-options:${name}`;
}

/** Injects the handle of a streams application: its state, lag and drain. `name` as given to `StreamsModule.forRoot`. */
export function InjectStreamsApp(name = DEFAULT_APP): ParameterDecorator & PropertyDecorator {
  return Inject(streamsAppToken(name));
}
