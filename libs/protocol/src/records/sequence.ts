const INT32_MAX = 0x7fffffff;

/** Adds to a producer's sequence number, which wraps from 2^31 - 1 to 0 as in Java's `DefaultRecordBatch`. */
export function incrementSequence(sequence: number, by: number): number {
  return sequence > INT32_MAX - by ? by - (INT32_MAX - sequence) - 1 : sequence + by;
}

/** Subtracts from a producer's sequence number, the inverse of {@link incrementSequence}. */
export function decrementSequence(sequence: number, by: number): number {
  return sequence < by ? INT32_MAX - (by - sequence) + 1 : sequence - by;
}
