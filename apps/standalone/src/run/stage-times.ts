import type { Clock } from '@millrace/kernel';
import { STAGES, type Stage } from '../summary/run-summary.js';

/** How long each stage of a run takes. Stages may overlap: the services start while the data is loaded. */
export class StageTimes {
  readonly #clock: Clock;
  readonly #totalsMs = new Map<Stage, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `work` as part of a stage. */
  async measure<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const startedMs = this.#clock.monotonicMs();
    try {
      return await work();
    } finally {
      this.#totalsMs.set(stage, (this.#totalsMs.get(stage) ?? 0) + this.#clock.monotonicMs() - startedMs);
    }
  }

  /** Whole milliseconds by stage; 0 for one that did not happen. */
  totalsMs(): Readonly<Record<Stage, number>> {
    return Object.fromEntries(STAGES.map((stage) => [stage, Math.round(this.#totalsMs.get(stage) ?? 0)])) as Record<
      Stage,
      number
    >;
  }
}
