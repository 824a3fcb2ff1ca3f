/** How far the replay is, at one moment. */
export interface ProgressSample {
  /** Events that have been published, of {@link total}. */
  readonly published: number;
  readonly total: number;
  /** Records that have been published and that enrichment and aggregation have not yet committed. */
  readonly lag: number;
  /** What the run is doing: `replay` while events are published, `drain` afterwards. */
  readonly stage: 'replay' | 'drain';
}

/** Shows progress to a person; both kinds write to standard error, so that standard output holds the summary alone. */
export interface ProgressReport {
  update(sample: ProgressSample): void;
  /** Leaves the terminal ready for other output. Safe to call twice. */
  close(): void;
}
