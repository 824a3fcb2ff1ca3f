import { RecordError } from '@millrace/kernel';

/**
 * An error for a batch that breaks the format: code `MR_PROTOCOL_CORRUPT`, with the batch's base offset where it is known.
 */
export function corruptBatch(problem: string, baseOffset?: number, cause?: unknown): RecordError {
  const where = baseOffset === undefined ? '' : ` in the batch at offset ${baseOffset}`;
  return new RecordError(
    'MR_PROTOCOL_CORRUPT',
    `${problem}${where}; the stored batch is damaged or was not written by Kafka.`,
    {
      ...(baseOffset === undefined ? {} : { place: { offset: baseOffset } }),
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
