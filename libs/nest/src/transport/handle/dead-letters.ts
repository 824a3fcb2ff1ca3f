import type { Cluster, RecordProducer } from '@millrace/client';
import { dispositionOf, sleep, type Clock } from '@millrace/kernel';
import { deadLetterCode, deadLetterHeaders, runtimeChannels } from '@millrace/runtime';
import { deadLetterTopic, isDeadLetterHeader } from '@millrace/streams';
import { TRANSPORT_THREAD } from '../consume/group-reader.js';
import { errorOf } from '../errors/handler-error.js';
import type { ReceivedRecord } from '../record/received-record.js';

/** Why a record became a dead letter. */
export interface DeadLetterReason {
  readonly thrown: unknown;
  /** The pattern of the handler. */
  readonly pattern: string;
  readonly attempts: number;
}

const AGAIN_AFTER_MS = 500;

/** Sends records to `<topic>-dlt` as they came, to the partition of the same number, with headers that say why and where from. */
export class DeadLetters {
  readonly #cluster: Cluster;
  readonly #producer: RecordProducer;
  readonly #groupId: string;
  readonly #clock: Clock;

  constructor(cluster: Cluster, producer: RecordProducer, groupId: string, clock: Clock) {
    this.#cluster = cluster;
    this.#producer = producer;
    this.#groupId = groupId;
    this.#clock = clock;
  }

  /**
   * Resolves when the record is in its dead-letter topic; tries for as long as the brokers do not answer.
   *
   * @throws the reason of `signal` when it aborts meanwhile; what the brokers refuse for good.
   */
  async send(
    record: ReceivedRecord,
    { thrown, pattern, attempts }: DeadLetterReason,
    signal: AbortSignal,
  ): Promise<void> {
    const { topic, partition, offset, timestampMs } = record;
    const error = errorOf(thrown);
    const origin = { application: this.#groupId, node: pattern, topic, partition, offset, timestampMs, attempts };
    const own = record.headers.filter(({ key }) => !isDeadLetterHeader(key));
    const headers = [...own, ...deadLetterHeaders(error, origin)];
    const target = deadLetterTopic(topic);
    for (;;) {
      try {
        const partitions = await this.#cluster.partitionCount(target);
        const options = { timestampMs, headers, partition: partition % partitions };
        await this.#producer.sendAndWait(target, record.key, record.value, options);
        break;
      } catch (failure) {
        if (dispositionOf(failure, 'stop-app') !== 'retry') throw failure;
        await sleep(this.#clock, AGAIN_AFTER_MS, signal);
      }
    }
    runtimeChannels.deadLettered.publish({
      applicationId: this.#groupId,
      thread: TRANSPORT_THREAD,
      node: pattern,
      topic,
      partition,
      offset,
      code: deadLetterCode(error),
    });
  }
}
