import type { ResponseOf, apis } from '@millrace/protocol';
import { completeBatches, type FetchedBatch } from './fetched-batch.js';
import { ReadReplica } from './read-replica.js';

/** What a broker says about one partition of a fetch. */
export type PartitionAnswer = ResponseOf<typeof apis.Fetch>['responses'][number]['partitions'][number];

/** What an answer has brought: records; the news that there are none beyond what was fetched; or neither. */
export type FetchOutcome = 'served' | 'caught up' | 'nothing new';

const NO_RECORDS = Buffer.alloc(0);

/** An assigned partition: how far it was fetched, and what waits to be polled. */
export class PartitionFetch {
  readonly topic: string;
  readonly partition: number;
  /** Where the next fetch begins. */
  fetchOffset: number;
  /** Where the next poll begins. */
  position: number;
  paused = false;
  /** Set after an error that repeating does not mend; the partition is left alone until it is assigned anew. */
  failed = false;
  /** No fetch before this moment of the monotonic clock. */
  notBeforeMs = 0;
  /** Failures since the last good answer. */
  failures = 0;
  /** The topic's id when it was first fetched: another one later is another topic. */
  topicId: string | undefined;
  /** Last stable offset or high watermark, by isolation, as last answered. */
  endOffset: number | undefined;
  /** When a broker last answered that there was nothing beyond what was fetched; of the monotonic clock. */
  caughtUpAtMs: number | undefined;
  bufferedBytes = 0;
  readonly replica = new ReadReplica();
  #buffered: FetchedBatch[] = [];

  constructor(topic: string, partition: number, offset: number) {
    this.topic = topic;
    this.partition = partition;
    this.fetchOffset = offset;
    this.position = offset;
  }

  /**
   * Takes over a good answer to a fetch at {@link fetchOffset}.
   *
   * @param nodeId Who has answered: a follower may not know yet how far the log is readable, and never takes anything back.
   * @throws {RecordError} (dead-letter) `MR_PROTOCOL_CORRUPT` when its records are no batches.
   */
  accept(answer: PartitionAnswer, committedOnly: boolean, nowMs: number, nodeId: number): FetchOutcome {
    const { highWatermark } = answer;
    const lastStableOffset = answer.lastStableOffset < 0 ? highWatermark : answer.lastStableOffset;
    const records = answer.records ?? NO_RECORDS;
    const complete = completeBatches(records);
    if (complete.endByte > 0) {
      const { topic, partition, fetchOffset: startOffset } = this;
      const nextOffset = Math.max(complete.nextOffset, startOffset);
      const abortedTransactions = committedOnly ? (answer.abortedTransactions ?? []) : [];
      const whole = records.subarray(0, complete.endByte);
      const position = { topic, partition, startOffset, nextOffset };
      this.#buffered.push({ ...position, records: whole, abortedTransactions, highWatermark, lastStableOffset });
      this.bufferedBytes += complete.endByte;
      this.fetchOffset = nextOffset;
    }
    this.failures = 0;
    const answeredEnd = committedOnly ? lastStableOffset : highWatermark;
    this.endOffset = this.replica.is(nodeId) ? Math.max(answeredEnd, this.fetchOffset) : answeredEnd;
    const wasCaughtUp = this.caughtUpAtMs !== undefined;
    this.caughtUpAtMs = this.fetchOffset >= this.endOffset ? nowMs : undefined;
    if (complete.endByte > 0) return 'served';
    return this.caughtUpAtMs !== undefined && !wasCaughtUp ? 'caught up' : 'nothing new';
  }

  /** Hands out what waits. */
  take(into: FetchedBatch[]): void {
    if (this.#buffered.length === 0) return;
    for (const batch of this.#buffered) into.push(batch);
    this.#buffered = [];
    this.bufferedBytes = 0;
    this.position = this.fetchOffset;
  }
}
