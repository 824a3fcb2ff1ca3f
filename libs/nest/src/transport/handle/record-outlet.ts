import type { Cluster, RecordProducer } from '@millrace/client';
import { dispositionOf, isMillraceError, sleep, type Clock } from '@millrace/kernel';
import type { RecordHeader } from '@millrace/protocol';
import type { ReceivedRecord } from '../record/received-record.js';

const AGAIN_AFTER_MS = 500;

/** Sends records as they came, with other headers, to the partition of the same number of another topic. */
export class RecordOutlet {
  readonly #cluster: Cluster;
  readonly #producer: RecordProducer;
  readonly #clock: Clock;

  constructor(cluster: Cluster, producer: RecordProducer, clock: Clock) {
    this.#cluster = cluster;
    this.#producer = producer;
    this.#clock = clock;
  }

  /**
   * Resolves when the record is in the topic; tries for as long as the brokers do not answer. It may be there more than once then.
   *
   * @throws the reason of `signal` when it aborts meanwhile; what the brokers refuse for good.
   */
  async send(
    topic: string,
    record: ReceivedRecord,
    headers: readonly RecordHeader[],
    signal: AbortSignal,
  ): Promise<void> {
    const { key, value, timestampMs, partition } = record;
    for (;;) {
      try {
        const partitions = await this.#cluster.partitionCount(topic);
        await this.#producer.sendAndWait(topic, key, value, {
          timestampMs,
          headers,
          partition: partition % partitions,
        });
        return;
      } catch (failure) {
        if (!mayPass(failure)) throw failure;
        await sleep(this.#clock, AGAIN_AFTER_MS, signal);
      }
    }
  }
}

/** A delivery whose time is over restarts a task where there is one: nobody knows whether the record is in the log. Here it is sent again. */
function mayPass(failure: unknown): boolean {
  const isTooLate = isMillraceError(failure) && failure.code === 'MR_NETWORK_TIMEOUT';
  return isTooLate || dispositionOf(failure, 'stop-app') === 'retry';
}
