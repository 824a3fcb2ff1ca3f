import type { GroupMetadata, OffsetToCommit } from '@millrace/client';
import type { OutputBatches } from './output-batches.js';

/**
 * Where the records of a thread go, and how what they follow from is committed: the one thing in which exactly-once and
 * at-least-once differ.
 */
export interface Output {
  readonly batches: OutputBatches;
  /** Bytes that were sent off and are not acknowledged: back pressure for the loop. */
  readonly bufferedBytes: number;
  /** The first batch that failed since the last commit; nothing can be committed any more. */
  readonly failure: Error | undefined;
  /** Gets ready for the first record. Throws as `Producer.start`. */
  start(): Promise<void>;
  /** Makes everything appended since the last commit permanent, together with the offsets. Throws as `Producer`. */
  commit(offsets: readonly OffsetToCommit[], group: GroupMetadata): Promise<void>;
  /** Gives up everything since the last commit, and is then ready for new records. Throws as `Producer.start`. */
  abandon(): Promise<void>;
  /** Ends; what was not committed is given up. */
  stop(): Promise<void>;
}
