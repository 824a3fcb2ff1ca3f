import { ErrorCodes } from '@millrace/protocol';

/** How an append to a partition went. */
export interface AppendResult {
  readonly errorCode: number;
  /** Says what was wrong; null on success. */
  readonly errorMessage: string | null;
  /** The offset of the batch's first record; of its first delivery when it was a retry; -1 on failure. */
  readonly baseOffset: number;
  /** When the broker's clock gave the records their timestamps, else -1. */
  readonly logAppendTimeMs: number;
}

export function appended(baseOffset: number, logAppendTimeMs: number): AppendResult {
  return { errorCode: ErrorCodes.NONE, errorMessage: null, baseOffset, logAppendTimeMs };
}

export function refused(errorCode: number, errorMessage: string): AppendResult {
  return { errorCode, errorMessage, baseOffset: -1, logAppendTimeMs: -1 };
}
