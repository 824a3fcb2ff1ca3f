/** The stages of a run, in order, as the summary names them. */
export const STAGES = ['start', 'load', 'replay', 'drain', 'export'] as const;

/** One of {@link STAGES}. */
export type Stage = (typeof STAGES)[number];

/** What a run did, as `--json` writes it. Every count is over all runs with the same state directory unless it says otherwise. */
export interface RunSummary {
  /** Departures and weather observations published. */
  readonly eventsIn: number;
  /** Records that were sent past ingest because they break their contract. */
  readonly faultyRecordsIn: number;
  /** Aircraft, carriers and airports published. */
  readonly referenceRecordsIn: number;
  /** Records in `flights.enriched`. */
  readonly enriched: number;
  /** Windows with a result: hours per airport and days per carrier. */
  readonly windows: { readonly airportHours: number; readonly carrierDays: number };
  /** Rows in PostgreSQL. */
  readonly rows: number;
  /** Parquet objects in the archive. */
  readonly objects: number;
  /** Records in dead-letter topics, and how many of each topic. */
  readonly deadLetters: number;
  readonly deadLettersByTopic: Readonly<Record<string, number>>;
  /** Records that this run dropped because their window had closed. */
  readonly late: number;
  /** Events that this run published: less than {@link eventsIn} when it went on from an earlier one. */
  readonly publishedByThisRun: number;
  /** From the first event published to everything durable in the sinks, in milliseconds. */
  readonly durationMs: number;
  /** {@link publishedByThisRun} over {@link durationMs}. */
  readonly eventsPerSecond: number;
  /**
   * From ingest to being visible, committed, to a reader of `flights.enriched`, in milliseconds. Flights that no weather
   * observation matches wait for their join window to close and are part of it.
   */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Milliseconds by stage: starting services, reading data, replaying, draining (with the idle advance), exporting. */
  readonly stagesMs: Readonly<Record<Stage, number>>;
}
