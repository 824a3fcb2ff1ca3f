import { dispositionOf, isMillraceError, LatencyHistogram, TransientError, type Clock } from '@millrace/kernel';
import type { SinkBatch, SinkWriter } from '@millrace/streams';
import type { Backoff } from '../backoff/backoff.js';
import { runtimeChannels } from '../diagnostics/channels.js';
import type { SinkDeadLetters } from './sink-dead-letters.js';
import type { SinkPartition } from './sink-partition.js';

/** Whether the error says that another owner has the partition. */
export function isFenced(error: unknown): boolean {
  return isMillraceError(error) && (error.code === 'MR_SINK_FENCED' || error.code === 'MR_TASK_FENCED');
}

/** Writes the batches of a sink's partitions and deals with what the sink refuses. */
export class SinkWrites {
  readonly #name: string;
  readonly #writer: SinkWriter;
  readonly #deadLetters: SinkDeadLetters;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #records = 0;

  constructor(name: string, writer: SinkWriter, deadLetters: SinkDeadLetters, clock: Clock, backoff: Backoff) {
    this.#name = name;
    this.#writer = writer;
    this.#deadLetters = deadLetters;
    this.#clock = clock;
    this.#backoff = backoff;
  }

  /** How many records were written. */
  get records(): number {
    return this.#records;
  }

  /**
   * Writes one batch. What the sink cannot take now is tried again later, and a record that it never will goes to the
   * dead letters: then the partition has something due again.
   *
   * @throws {TaskError} (restart-task) `MR_SINK_FENCED`; anything fatal, and whatever is no error of Millrace.
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
    this.#backoff.reset();
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
    switch (dispositionOf(error, 'stop-app')) {
      case 'retry': {
        const delayMs = this.#backoff.nextMs(error instanceof TransientError ? error.retryAfterMs : 0);
        partition.notBeforeMs = this.#clock.monotonicMs() + delayMs;
        this.#tell(error, delayMs);
        return;
      }
      case 'dead-letter': {
        const refused = partition.refuse(batch, isMillraceError(error) ? error.place.offset : undefined);
        if (refused !== undefined) this.#deadLetters.sendRefused(partition, refused, error);
        return;
      }
      case 'restart-task':
      case 'stop-app':
        throw error;
    }
  }

  #tell(error: unknown, delayMs: number): void {
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
