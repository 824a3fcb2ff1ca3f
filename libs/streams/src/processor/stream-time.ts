/** The greatest record timestamp that an operator has seen. Survives a restart in the metadata of the committed offsets. */
export class StreamTime {
  /** In milliseconds; -1 before the first record, as in Kafka Streams. */
  ms = -1;
  /**
   * Whether it may be set back, so that the greatest of several is not the last one: the metadata of all inputs must tell the same
   * then.
   */
  mayGoBack = false;

  /** Moves on to `timestampMs` if that is later; tells whether the record is not older than any before it. */
  observe(timestampMs: number): boolean {
    if (timestampMs < this.ms) return false;
    this.ms = timestampMs;
    return true;
  }
}
