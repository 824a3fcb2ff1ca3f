import type { RecordContext } from '../processor/record-context.js';
import type { PartitionQueue } from './partition-queue.js';
import type { RecordCollector } from './record-collector.js';
import { readRetryHeaders, retryHeaders, type RetryState } from './retry-headers.js';
import type { TableExceptions } from './table-exceptions.js';
import type { TaskCounters } from './task-counters.js';
import type { WaitingKeys } from './waiting-keys.js';

/** What the way of a source's records through its retry topics needs. */
export interface RetryRouteParts {
  /** The full names of the retry topics, in order, and how long a record waits in each. */
  readonly topics: readonly { readonly name: string; readonly delayMs: number }[];
  readonly partition: number;
  readonly context: RecordContext;
  readonly collector: RecordCollector;
  readonly counters: TaskCounters;
  readonly nowMs: () => number;
  readonly waitingKeys: WaitingKeys | undefined;
  readonly exceptions: TableExceptions | undefined;
}

/**
 * The way of the records of one source: from its topic to the first retry topic, from each to the next, and out by success or
 * as a dead letter. What is said here is about the record that the task is working on.
 *
 * ```
 *  topic ──► retry-1 ──► retry-2 ──► … ──► dead letter
 *    │          │           │                  ▲
 *    └──────────┴───────────┴── processed ─────┘ failed for the last time
 * ```
 */
export class RetryRoute {
  readonly #parts: RetryRouteParts;
  /** The stop on its way that the record came from; 0 for the source's own topic. See {@link WaitingKeys}. */
  #tier = 0;
  #rounds = 0;
  #attempts = 0;

  constructor(parts: RetryRouteParts) {
    this.#parts = parts;
  }

  /** How often the record was processed before it came here. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Whether the record is to be tried again. One that has waited behind others has as many attempts as they. */
  get goesOn(): boolean {
    return this.#rounds < this.#parts.topics.length;
  }

  /** Takes the record at the head of a queue: with the headers and the place of origin that it had at first. */
  enter(queue: PartitionQueue): void {
    this.#tier = this.#rounds = this.#attempts = 0;
    if (queue.tier === 0) return;
    const { context } = this.#parts;
    const { state, own } = readRetryHeaders(context.headers, context.headersStart, context.headersEnd);
    this.#tier = state.tier;
    this.#rounds = state.rounds;
    this.#attempts = state.attempts;
    context.topic = state.topic;
    context.partition = state.partition;
    context.offset = state.offset;
    context.headers = own;
    context.headersStart = 0;
    context.headersEnd = own.length;
  }

  /** Whether an earlier record of its key waits ahead: then it goes behind that one, unprocessed. */
  followsAnother(): boolean {
    const { waitingKeys, context } = this.#parts;
    if (waitingKeys === undefined || context.keyStart < 0) return false;
    if (!waitingKeys.isBehind(this.#keyBytes(), this.#tier)) return false;
    this.sendOn(undefined);
    return true;
  }

  /** Sends the record to the next retry topic; `reason` is undefined when it only waits behind another. */
  sendOn(reason: { readonly code: string; readonly node: string; readonly attempts: number } | undefined): void {
    const { topics, context, collector, counters, nowMs } = this.#parts;
    const tier = this.#tier + 1;
    const next = topics[Math.min(tier, topics.length) - 1] as (typeof topics)[number];
    const state: RetryState = {
      notBeforeMs: nowMs() + next.delayMs,
      tier,
      rounds: reason === undefined ? this.#rounds : this.#rounds + 1,
      attempts: reason?.attempts ?? this.#attempts,
      topic: context.topic,
      partition: context.partition,
      offset: context.offset,
    };
    const headers = retryHeaders(context, state, reason);
    const { buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs } = context;
    collector.send(
      next.name,
      this.#parts.partition,
      timestampMs,
      buffer,
      keyStart,
      keyEnd,
      buffer,
      valueStart,
      valueEnd,
      headers,
      0,
      headers.length,
    );
    counters.sentToRetry++;
    this.#leave(tier);
  }

  /** The record was processed. */
  succeeded(): void {
    const { exceptions, context } = this.#parts;
    // A record that comes late from a retry topic may leave another row than the topic ends with.
    if (this.#tier > 0) this.#leave(0);
    else if (exceptions !== undefined && context.keyStart >= 0) {
      exceptions.settle(this.#keyBytes(), context.timestampMs);
    }
  }

  /** The record is a dead letter. */
  gaveUp(): void {
    this.#leave(0);
  }

  #leave(toTier: number): void {
    const { waitingKeys, exceptions, context } = this.#parts;
    if (context.keyStart < 0) return;
    exceptions?.keep(this.#keyBytes(), context.timestampMs);
    waitingKeys?.move(this.#keyBytes(), this.#tier, toTier, context.timestampMs);
  }

  #keyBytes(): Buffer {
    const { buffer, keyStart, keyEnd } = this.#parts.context;
    // The batch may be reused, and would be held whole.
    return Buffer.from(buffer.subarray(keyStart, keyEnd));
  }
}
