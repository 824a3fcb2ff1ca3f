import type { Clock } from '@millrace/kernel';
import { runtimeChannels, type RestoreEvent } from '../diagnostics/channels.js';

/** How many records of a changelog there are between two events of progress. */
const PROGRESS_RECORDS = 50_000;

/** What is restored. */
export type RestoredPlace = Pick<RestoreEvent, 'applicationId' | 'thread' | 'taskId' | 'topic' | 'partition'>;

/** Tells how the restoring of one partition gets on, as {@link RestoreEvent}s: begun, progress, and one of the two ends. */
export class RestoreProgress {
  readonly #what: RestoredPlace;
  readonly #clock: Clock;
  #startedMs = 0;
  #totalRecords = 0;
  #restoredRecords = 0;
  #toldRecords = 0;
  #isOpen = false;

  constructor(clock: Clock, what: RestoredPlace) {
    this.#clock = clock;
    this.#what = what;
  }

  /** @param totalRecords Offsets that lie ahead. */
  begun(totalRecords: number): void {
    this.#startedMs = this.#clock.monotonicMs();
    this.#totalRecords = totalRecords;
    this.#isOpen = true;
    this.#tell('started');
  }

  restored(records: number): void {
    this.#restoredRecords += records;
    if (this.#restoredRecords - this.#toldRecords < PROGRESS_RECORDS) return;
    this.#toldRecords = this.#restoredRecords;
    this.#tell('progressed');
  }

  ended(): void {
    this.#isOpen = false;
    this.#tell('ended');
  }

  /** The task was closed, or failed: does nothing when there is nothing to end. */
  abandoned(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#tell('abandoned');
  }

  #tell(phase: RestoreEvent['phase']): void {
    const durationMs = this.#clock.monotonicMs() - this.#startedMs;
    runtimeChannels.restored.publish({
      ...this.#what,
      phase,
      restoredRecords: this.#restoredRecords,
      totalRecords: this.#totalRecords,
      durationMs,
      recordsPerSecond: durationMs > 0 ? (this.#restoredRecords * 1_000) / durationMs : 0,
    });
  }
}
