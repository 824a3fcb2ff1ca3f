import { applyDecorators, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { SinkAppOptions } from '@millrace/runtime';
import type { Topic } from '@millrace/streams';

/** Options of a sink: what it is fed with and how; the cluster is that of its application unless given. */
export interface StreamSinkOptions extends Pick<
  SinkAppOptions,
  | 'name'
  | 'groupId'
  | 'instanceId'
  | 'policy'
  | 'maxBatchRecords'
  | 'linger'
  | 'commitInterval'
  | 'sessionTimeout'
  | 'heartbeatInterval'
> {
  /** What it is fed with; the serdes of the topics decode keys and values. */
  readonly topics: readonly Topic<unknown, unknown>[];
  /** The application whose cluster it reads from: the `name` given to `StreamsModule.forRoot`. Default: `default`. */
  readonly app?: string;
}

/** Marks the classes that {@link StreamSink} decorates; for the explorer. */
export const SinkMark = DiscoveryService.createDecorator<StreamSinkOptions>();

/**
 * Declares a provider that writes to something outside Kafka: a class that implements `SinkWriter`. It is found wherever it
 * is provided, fed with committed records, and drained and closed when the application shuts down.
 */
export function StreamSink(options: StreamSinkOptions): ClassDecorator {
  return applyDecorators(Injectable(), SinkMark(options));
}
