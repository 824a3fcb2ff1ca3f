import type { Type } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import { ConfigurationError, describeError, toMs } from '@millrace/kernel';
import type { StoreDefinition } from '@millrace/streams';
import {
  OnRecordMark,
  ProcessorMark,
  PunctuateMark,
  type PunctuateOptions,
  type StreamProcessorOptions,
} from '../decorators/stream-processor.decorator.js';

/** A method that is called at intervals. */
export interface PunctuatorMethod {
  readonly method: string;
  readonly everyMs: number;
  readonly by: 'stream-time' | 'wall-clock';
}

/** What the decorators of a processor class say. */
export interface ProcessorMethods {
  readonly stores: readonly StoreDefinition[];
  readonly onRecord: string;
  readonly punctuators: readonly PunctuatorMethod[];
}

/** Tells whether the class is decorated with `@StreamProcessor()`. */
export function isStreamProcessor(type: unknown): type is Type {
  return typeof type === 'function' && Reflect.hasMetadata(ProcessorMark.KEY, type);
}

/**
 * Reads the decorators of a processor class.
 *
 * @param problems Takes a sentence for each thing that is wrong; then the result is `undefined`.
 */
export function readProcessorMethods(type: Type, problems: string[]): ProcessorMethods | undefined {
  const before = problems.length;
  const prototype = type.prototype as Record<string, unknown>;
  const decorated = <T>(key: string): [method: string, options: T][] =>
    new MetadataScanner().getAllMethodNames(prototype).flatMap((method) => {
      const options = Reflect.getMetadata(key, prototype[method] as object) as T | undefined;
      return options === undefined ? [] : [[method, options]];
    });

  const handlers = decorated<object>(OnRecordMark.KEY).map(([method]) => method);
  if (handlers.length !== 1) {
    const found = handlers.length === 0 ? 'none' : handlers.join(', ');
    problems.push(`processor ${type.name} needs exactly one @OnRecord() method, but has ${found}`);
  }
  const punctuators = decorated<PunctuateOptions>(PunctuateMark.KEY).flatMap(([method, options]) => {
    const everyMs = readInterval(options, `processor ${type.name}: @Punctuate() on ${method}`, problems);
    return everyMs === undefined ? [] : [{ method, everyMs, by: options.by ?? ('stream-time' as const) }];
  });
  const options = Reflect.getMetadata(ProcessorMark.KEY, type) as StreamProcessorOptions | undefined;
  if (problems.length > before) return undefined;
  return { stores: options?.stores ?? [], onRecord: handlers[0] as string, punctuators };
}

function readInterval(options: PunctuateOptions, what: string, problems: string[]): number | undefined {
  try {
    const everyMs = toMs(options.every);
    if (everyMs > 0) return everyMs;
    problems.push(`${what}: the interval must be greater than 0`);
  } catch (cause) {
    const found = cause instanceof ConfigurationError ? cause.problems : [describeError(cause)];
    problems.push(...found.map((problem) => `${what}: ${problem}`));
  }
  return undefined;
}
