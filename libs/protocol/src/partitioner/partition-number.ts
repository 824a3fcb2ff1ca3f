/** The greatest number of a partition: Kafka's protocol has 32 bits with a sign for it. */
export const MAX_PARTITION = 2 ** 31 - 1;

/** Whether some topic may have a partition of that number. */
export function mayBePartition(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= MAX_PARTITION;
}
