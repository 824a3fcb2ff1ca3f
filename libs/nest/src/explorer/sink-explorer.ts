import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { SinkWriter } from '@millrace/streams';
import { SinkMark, type StreamSinkOptions } from '../decorators/stream-sink.decorator.js';
import { discover } from './discovered-provider.js';

/** A sink with the writer that was found for it. */
export interface FoundSink {
  readonly options: StreamSinkOptions;
  readonly writer: SinkWriter;
}

const METHODS = ['open', 'write', 'close', 'durableOffset'] as const satisfies readonly (keyof SinkWriter)[];

/** A writer that was made by a factory, with its options; what `sinkProvider` provides. */
export class SinkRegistration implements FoundSink {
  constructor(
    readonly options: StreamSinkOptions,
    readonly writer: SinkWriter,
  ) {}
}

/** Finds the classes decorated with `@StreamSink()` and the writers of `sinkProvider`. */
@Injectable()
export class SinkExplorer {
  constructor(private readonly discovery: DiscoveryService) {}

  /** @param problems Takes a sentence for everything that is wrong with any sink. */
  find(problems: string[]): FoundSink[] {
    const decorated = discover(this.discovery, SinkMark, problems).flatMap(({ type, instance, options }) => {
      const writer = instance as Partial<SinkWriter>;
      const missing = METHODS.filter((method) => typeof writer[method] !== 'function');
      if (missing.length === 0) return [{ options, writer: writer as SinkWriter }];
      problems.push(`${type.name} is decorated with @StreamSink() but lacks ${missing.join(', ')} of SinkWriter`);
      return [];
    });
    const registered = this.discovery
      .getProviders()
      .map(({ instance }) => instance as unknown)
      .filter((instance) => instance instanceof SinkRegistration);
    return [...decorated, ...new Set(registered)];
  }
}
