import {
  dispositionOf,
  FatalError,
  isMillraceError,
  LatencyHistogram,
  TransientError,
  type Clock,
  type Random,
} from '@millrace/kernel';
import { retryDelayMs, type SinkBatch, type SinkWriter } from '@millrace/streams';
import { runtimeChannels } from '../diagnostics/channels.js';
import type { SinkDeadLetters } from './sink-dead-letters.js';
import type { ResolvedSinkErrorPolicy } from './sink-error-policy.js';
import type { SinkPartition } from './sink-partition.js';

/** Whether the error says that another owner has the partition. */
export function isFenced(error: unknown): boolean {
  return isMillraceError(error) && (error.code === 'MR_SINK_FENCED' || error.code === 'MR_TASK_FENCED');
}

/** What {@link SinkWrites} needs. */
export interface SinkWritesParts {
  readonly name: string;
  readonly writer: SinkWriter;
  readonly deadLetters: SinkDeadLetters;
  readonly clock: Clock;
  readonly policy: ResolvedSinkErrorPolicy;
  readonly random: Random;
  /** Told of each write that succeeds. */
  readonly recovered: () => void;
}

/** Writes the batches of a sink's partitions and deals with what the sink refuses. */
export class SinkWrites {
  readonly #name: string;
  readonly #writer: SinkWriter;
  readonly #deadLetters: SinkDeadLetters;
  readonly #clock: Clock;
  readonly #policy: ResolvedSinkErrorPolicy;
  readonly #random: Random;
  readonly #recovered: () => void;
  #records = 0;

  constructor({ name, writer, deadLetters, clock, policy, random, recovered }: SinkWritesParts) {
    this.#name = name;
    this.#writer = writer;
    this.#deadLetters = deadLetters;
    this.#clock = clock;
    this.#policy = policy;
    this.#random = random;
    this.#recovered = recovered;
  }

  /** How many records were written. */
  get records(): number {
    return this.#records;
  }

  /**
   * Writes one batch. What the sink cannot take now is tried again later, and a record that it never will goes to the
   * dead letters: then the partition has something due again.
   *
   * @throws {TaskError} (restart-task) `MR_SINK_FENCED`.
   * @throws {FatalError} (stop-app) as the policy says: `MR_SINK_REFUSED`, or the writer's own.
   */
  async write(partition: SinkPartition, batch: SinkBatch): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    try {
      // A dead letter is safe before the offset past it can become durable.
      await this.#deadLetters.flush();
      await this.#writer.write(batch);
    } catch (error) {
      this.#handle(partition, batch, error);
      return;
    }
    this.#recovered();
    this.#records += batch.records.length;
    const durationMs = this.#clock.monotonicMs() - startedMs;
    const latency = new LatencyHistogram();
    const nowMs = this.#clock.nowMs();
    for (const ingestedAtMs of partition.written(batch)) if (ingestedAtMs >= 0) latency.record(nowMs - ingestedAtMs);
    runtimeChannels.sinkWritten.publish({
      applicationId: this.#name,
      thread: this.#name,
      topic: batch.topic,
      partition: batch.partition,
      records: batch.records.length,
      durationMs,
      latency: latency.take(),
    });
  }

  #handle(partition: SinkPartition, batch: SinkBatch, error: unknown): void {
    const { retry, onWriteError } = this.#policy;
    const disposition = dispositionOf(error, onWriteError);
    partition.failures += 1;
    if (retry.dispositions.includes(disposition) && partition.failures <= retry.attempts) {
      const atLeastMs = error instanceof TransientError ? error.retryAfterMs : 0;
      const delayMs = retryDelayMs(retry, partition.failures, this.#random.next(), atLeastMs);
      partition.notBeforeMs = this.#clock.monotonicMs() + delayMs;
      this.#tell(error, delayMs, batch.records.length);
      return;
    }
    switch (disposition) {
      case 'dead-letter': {
        const refused = partition.refuse(batch, isMillraceError(error) ? error.place.offset : undefined);
        if (refused !== undefined) this.#deadLetters.sendRefused(partition, refused, error, partition.failures);
        partition.failures = 0;
        return;
      }
      case 'restart-task':
        throw error;
      case 'retry':
      case 'stop-app':
        throw this.#stopping(partition, batch, error);
    }
  }

  /** A fatal error as it is; any other becomes one, so that the loop does not begin again with the same batch. */
  #stopping(partition: SinkPartition, batch: SinkBatch, error: unknown): unknown {
    if (dispositionOf(error, 'retry') === 'stop-app') return error;
    const { topic, firstOffset } = batch;
    return new FatalError(
      'MR_SINK_REFUSED',
      `the sink '${this.#name}' did not take a batch of ${topic}-${partition.partition}@${firstOffset} in ${partition.failures} attempts: mend it, then start again; nothing is lost`,
      { cause: error, place: { topic, partition: partition.partition, offset: firstOffset } },
    );
  }

  #tell(error: unknown, delayMs: number, records: number): void {
    const place = { applicationId: this.#name, thread: this.#name };
    runtimeChannels.retried.publish({ ...place, node: this.#name, where: 'in-place', records });
    runtimeChannels.failed.publish({
      applicationId: this.#name,
      thread: this.#name,
      code: isMillraceError(error) ? error.code : 'unknown',
      message: error instanceof Error ? error.message : String(error),
      action: 'retry',
      delayMs,
      cause: error,
    });
  }
}
