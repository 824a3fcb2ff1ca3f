import { applyDecorators, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Duration } from '@millrace/kernel';
import type { StoreDefinition } from '@millrace/streams';

/** Options of {@link StreamProcessor}. */
export interface StreamProcessorOptions {
  /** The stores that its methods open through the context, by `keyValueStore(name, { key, value })` and its like. Default: none. */
  readonly stores?: readonly StoreDefinition[];
}

/** Options of {@link Punctuate}. */
export interface PunctuateOptions {
  /** How often. */
  readonly every: Duration;
  /**
   * `stream-time` moves with the records of the task, so a run can be repeated; `wall-clock` moves by itself.
   * Default: `stream-time`.
   */
  readonly by?: 'stream-time' | 'wall-clock';
}

/** Marks the classes that {@link StreamProcessor} decorates; for the explorer. */
export const ProcessorMark = DiscoveryService.createDecorator<StreamProcessorOptions>();

/** Marks the method that takes each record; use {@link OnRecord}. */
export const OnRecordMark = DiscoveryService.createDecorator<object>();

/** Marks a method that is called at intervals; use {@link Punctuate}. */
export const PunctuateMark = DiscoveryService.createDecorator<PunctuateOptions>();

/**
 * Declares a provider whose methods handle records: `stream.process('score-delay', DelayScore)`.
 *
 * One instance serves all tasks, so it keeps nothing about records in its fields: what belongs to a task lives in
 * stores, which its methods open through the context. Being request-scoped or transient is refused at boot.
 */
export function StreamProcessor(options: StreamProcessorOptions = {}): ClassDecorator {
  return applyDecorators(Injectable(), ProcessorMark(options));
}

/**
 * The method that takes each record: `(record: StreamRecord<K, V>, context: ProcessorContext<KOut, VOut>) => void`, or a
 * promise of it, for which the task waits. Exactly one per processor.
 */
export function OnRecord(): MethodDecorator {
  return OnRecordMark({});
}

/**
 * A method that is called at intervals, for each task: `(timeMs: number, context: ProcessorContext<KOut, VOut>) => void`, or a
 * promise of it. Any number per processor.
 */
export function Punctuate(options: PunctuateOptions): MethodDecorator {
  return PunctuateMark(options);
}
