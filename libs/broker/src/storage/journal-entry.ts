/** A committed offset: topic, partition, offset, leader epoch (-1 unknown), metadata, commit time in milliseconds. */
export type OffsetRow = readonly [
  topic: string,
  partition: number,
  offset: number,
  leaderEpoch: number,
  metadata: string,
  committedAtMs: number,
];

/** The durable part of a transaction's state, as of one transition. */
export interface TransactionEntry {
  readonly type: 'transaction';
  readonly transactionalId: string;
  readonly producerId: number;
  readonly previousProducerId: number;
  readonly nextProducerId: number;
  readonly producerEpoch: number;
  readonly lastProducerEpoch: number;
  readonly timeoutMs: number;
  readonly state: string;
  readonly partitions: readonly (readonly [topic: string, partition: number])[];
  readonly groups: readonly string[];
  readonly startedAtMs: number;
  /** 2 when the transaction's last transition bumps the epoch (KIP-890), else 1. */
  readonly version: 1 | 2;
}

/**
 * One fact in the journal: what the broker must know again after a restart besides the logs themselves.
 *
 * Entries are facts, not deltas of unknown state, so applying the same one twice gives the same result.
 */
export type JournalEntry =
  | { readonly type: 'cluster'; readonly clusterId: string }
  | {
      readonly type: 'topic-created';
      readonly name: string;
      readonly id: string;
      readonly partitions: number;
      readonly configs: Readonly<Record<string, string>>;
    }
  | { readonly type: 'topic-deleted'; readonly name: string; readonly id: string }
  | { readonly type: 'records-deleted'; readonly id: string; readonly partition: number; readonly startOffset: number }
  | { readonly type: 'producer-ids'; readonly nextProducerId: number }
  | { readonly type: 'group'; readonly groupId: string; readonly generationId: number; readonly protocolType: string }
  | { readonly type: 'offsets'; readonly groupId: string; readonly offsets: readonly OffsetRow[] }
  | {
      readonly type: 'pending-offsets';
      readonly groupId: string;
      readonly producerId: number;
      readonly producerEpoch: number;
      readonly offsets: readonly OffsetRow[];
    }
  | {
      readonly type: 'offsets-marker';
      readonly groupId: string;
      readonly producerId: number;
      readonly committed: boolean;
    }
  | TransactionEntry;
