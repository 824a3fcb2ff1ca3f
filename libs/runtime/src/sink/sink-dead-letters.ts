import { Producer, type Cluster, type CommittedRecords } from '@millrace/client';
import { isMillraceError } from '@millrace/kernel';
import { RecordBatchBuilder, type RecordHeader } from '@millrace/protocol';
import { isDeadLetterHeader, type SinkRecord, type Topic } from '@millrace/streams';
import { runtimeChannels } from '../diagnostics/channels.js';
import { deadLetterTopic } from '../topics/topic-plan.js';
import { deadLetterCode, deadLetterHeaders } from './dead-letter-headers.js';

/** Where a record that a sink cannot take stood. */
export interface SinkPlace {
  readonly topic: Topic<unknown, unknown>;
  readonly partition: number;
}

interface DeadLetter {
  readonly timestampMs: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/**
 * Sends what a sink cannot take to `<topic>-dlt`, to the partition of the same number.
 *
 * {@link flush} is awaited before the offsets past a dead letter become durable, so none is lost; after a crash between
 * the two it is there twice.
 */
export class SinkDeadLetters {
  readonly #producer: Producer;
  readonly #cluster: Cluster;
  readonly #sinkName: string;
  readonly #batch = new RecordBatchBuilder({ initialBytes: 1024 });
  /** Those of which nobody knows whether they are there, as their time is over, and why. */
  #unsure: { readonly error: Error; readonly send: () => void }[] = [];
  #count = 0;

  /** @param cluster A started cluster. */
  constructor(cluster: Cluster, sinkName: string) {
    this.#cluster = cluster;
    this.#producer = new Producer(cluster);
    this.#sinkName = sinkName;
  }

  /** How many were sent. */
  get count(): number {
    return this.#count;
  }

  start(): Promise<void> {
    return this.#producer.start();
  }

  stop(): Promise<void> {
    return this.#producer.stop();
  }

  /**
   * Waits until all are acknowledged; sends those again that were not in time. Each caller hears of those, as each may be about to make
   * the offset past one of them durable. Throws as `Producer.flush`.
   */
  async flush(): Promise<void> {
    for (const { send } of this.#unsure.splice(0)) send();
    await this.#producer.flush();
    const [unsure] = this.#unsure;
    if (unsure !== undefined) throw unsure.error;
  }

  /** Sends a record that could not be decoded, with its original bytes. */
  sendUnreadable(place: SinkPlace, { cursor }: CommittedRecords, error: unknown): void {
    const { offset, timestampMs } = cursor;
    this.#send(
      place,
      { offset, timestampMs, key: cursor.key(), value: cursor.value(), headers: cursor.headers() },
      error,
      1,
    );
  }

  /** Sends a record that was decoded and that the sink refuses, after so many attempts; its bytes are encoded again. */
  sendRefused(place: SinkPlace, record: SinkRecord, error: unknown, attempts: number): void {
    const { topic } = place;
    const key = record.key === null ? null : topic.key.serialize(record.key);
    const value = record.value === null ? null : topic.value.serialize(record.value);
    const { offset, timestampMs, headers } = record;
    this.#send(place, { offset, timestampMs, key, value, headers }, error, attempts);
  }

  #send({ topic, partition }: SinkPlace, letter: DeadLetter, error: unknown, attempts: number): void {
    const { offset, timestampMs } = letter;
    const origin = {
      application: this.#sinkName,
      node: this.#sinkName,
      topic: topic.name,
      partition,
      offset,
      timestampMs,
      attempts,
    };
    const own = letter.headers.filter(({ key }) => !isDeadLetterHeader(key));
    const headers = [...own, ...deadLetterHeaders(error, origin)];
    const target = deadLetterTopic(topic.name);
    const send = (): void => {
      const partitions = this.#cluster.metadataCache.topic(target)?.partitions.length ?? 1;
      this.#batch.reset();
      this.#batch.append(timestampMs, letter.key, letter.value, headers);
      // A failure is told by flush(), which comes before anything relies on this record.
      this.#producer.send(target, partition % partitions, this.#batch).catch((failure: Error) => {
        if (isMillraceError(failure) && failure.code === 'MR_NETWORK_TIMEOUT')
          this.#unsure.push({ error: failure, send });
      });
    };
    send();
    this.#count += 1;
    runtimeChannels.deadLettered.publish({
      applicationId: this.#sinkName,
      thread: this.#sinkName,
      node: this.#sinkName,
      topic: topic.name,
      partition,
      offset,
      code: deadLetterCode(error),
    });
  }
}
