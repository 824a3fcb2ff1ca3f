import type { Clock } from '@millrace/kernel';
import type { Backlog } from './backlog.js';
import { ReplayPace } from './replay-pace.js';
import type { ReplayPlan } from './replay-plan.js';
import type { ReplayProducer } from './replay-producer.js';

/** What a {@link Replay} is made of. */
export interface ReplayParts {
  readonly plan: ReplayPlan;
  readonly producer: ReplayProducer;
  readonly backlog: Backlog;
  readonly clock: Clock;
  /** Undefined: as fast as the pipeline takes events. */
  readonly ratePerSecond: number | undefined;
}

/** Publishes a plan as fast as the pipeline keeps up, or at a rate. */
export class Replay {
  readonly #parts: ReplayParts;

  constructor(parts: ReplayParts) {
    this.#parts = parts;
  }

  /**
   * Publishes what stands before the events: the reference tables must be there before anything reads the events, so that
   * the first departure finds its aircraft.
   */
  async prepare(): Promise<void> {
    const { plan, producer } = this.#parts;
    const missing = plan.reference + plan.faulty - producer.position;
    if (missing > 0) await producer.publishNext(missing);
  }

  /** Publishes the rest; ends early, between two transactions, when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { producer, backlog, clock, ratePerSecond } = this.#parts;
    const pace = new ReplayPace(clock, ratePerSecond);
    try {
      while (!producer.isDone && !signal.aborted) {
        await backlog.room(signal);
        await pace.due(signal);
        const before = producer.position;
        await producer.publishNext(pace.batch);
        pace.published(producer.position - before);
      }
    } catch (cause) {
      if (cause !== signal.reason) throw cause;
    }
  }
}
