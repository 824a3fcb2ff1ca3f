import type { RecordBatchCursor } from '@millrace/protocol';

/**
 * Records of one partition in order, from one fetch: aborted and control records already left out. The client's
 * `CommittedRecords` is one. The cursor's fields hold until the next call of {@link nextRecord}.
 */
export interface RecordRun {
  readonly cursor: RecordBatchCursor;
  nextRecord(): boolean;
  /** The offset to go on from once all records have been taken: past control records and compacted ones too. */
  readonly nextOffset: number;
}
