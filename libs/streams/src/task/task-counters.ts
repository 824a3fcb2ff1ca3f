/** What a task has done since it was made; plain numbers, read by the runtime once a commit. */
export class TaskCounters {
  /** Records taken from the inputs, dead-lettered ones included. */
  processed = 0;
  /** Records that arrived after their window had closed. */
  droppedLate = 0;
  /** Records that an operator skipped because it needs a key or a value that is null. */
  droppedNull = 0;
  deadLettered = 0;
  /** Records that failed and were tried again in place, once for each time. */
  retriedInPlace = 0;
  /** Records that went to a retry topic, those that wait behind another included. */
  sentToRetry = 0;
}
