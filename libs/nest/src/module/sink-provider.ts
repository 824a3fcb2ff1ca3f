import type { FactoryProvider } from '@nestjs/common';
import type { SinkWriter } from '@millrace/streams';
import type { StreamSinkOptions } from '../decorators/stream-sink.decorator.js';
import { SinkRegistration } from '../explorer/sink-explorer.js';

/** A sink whose writer is made by a factory, such as one of an adapter library. */
export interface SinkProviderOptions extends StreamSinkOptions {
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...dependencies: never[]) => SinkWriter | Promise<SinkWriter>;
}

/** Token of the sink `name`. */
export function sinkToken(name: string): string {
  return `millrace:sink:${name}`;
}

/**
 * Provides a sink without a class of one's own; to be listed among the providers of a module.
 *
 * ```ts
 * sinkProvider({ name: 'airport-hourly', topics: [topics.airportHourly], inject: [DataSource], useFactory: (db) => new PostgresSink(db) })
 * ```
 */
export function sinkProvider({
  inject = [],
  useFactory,
  ...options
}: SinkProviderOptions): FactoryProvider<SinkRegistration> {
  return {
    provide: sinkToken(options.name),
    inject,
    useFactory: async (...dependencies: unknown[]) =>
      new SinkRegistration(options, await useFactory(...(dependencies as never[]))),
  };
}
