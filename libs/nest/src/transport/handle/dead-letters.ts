import { deadLetterCode, deadLetterHeaders, runtimeChannels } from '@millrace/runtime';
import { deadLetterTopic, isDeadLetterHeader } from '@millrace/streams';
import { TRANSPORT_THREAD } from '../consume/group-reader.js';
import { errorOf } from '../errors/handler-error.js';
import type { ReceivedRecord } from '../record/received-record.js';
import type { RecordOutlet } from './record-outlet.js';

/** Why a record became a dead letter. */
export interface DeadLetterReason {
  readonly thrown: unknown;
  /** The pattern of the handler. */
  readonly pattern: string;
  /** How often it was handled, retry topics included. */
  readonly attempts: number;
}

/** Sends records to `<topic>-dlt` as they came, with headers that say why and where from. */
export class DeadLetters {
  readonly #outlet: RecordOutlet;
  readonly #groupId: string;

  constructor(outlet: RecordOutlet, groupId: string) {
    this.#outlet = outlet;
    this.#groupId = groupId;
  }

  /** Resolves when the record is in its dead-letter topic. Throws as {@link RecordOutlet.send}. */
  async send(
    record: ReceivedRecord,
    { thrown, pattern, attempts }: DeadLetterReason,
    signal: AbortSignal,
  ): Promise<void> {
    const { topic, partition, offset, timestampMs } = record;
    const error = errorOf(thrown);
    const origin = { application: this.#groupId, node: pattern, topic, partition, offset, timestampMs, attempts };
    const own = record.headers.filter(({ key }) => !isDeadLetterHeader(key));
    await this.#outlet.send(deadLetterTopic(topic), record, [...own, ...deadLetterHeaders(error, origin)], signal);
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
