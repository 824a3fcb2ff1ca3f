/** Whole record batches that follow each other, as views on the log: never copied, never to be changed. */
export interface LogSlice {
  readonly chunks: readonly Buffer[];
  readonly sizeInBytes: number;
  /** The offset after the last batch; -1 when there is none. */
  readonly nextOffset: number;
}

export const EMPTY_SLICE: LogSlice = { chunks: [], sizeInBytes: 0, nextOffset: -1 };

/** Which batches a read wants. */
export interface ReadRange {
  /** The first batch returned is the one that holds this offset, or the next one. */
  readonly fromOffset: number;
  /** Batches that begin at or after this offset are left out: the high watermark or the last stable offset. */
  readonly untilOffset: number;
  readonly maxBytes: number;
  /** Whether the first batch is returned even when it alone is larger than `maxBytes` (KIP-74), so a reader never hangs. */
  readonly atLeastOne: boolean;
}
