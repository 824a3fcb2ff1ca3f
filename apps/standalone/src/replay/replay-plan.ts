import type { FaultyRecord } from '../data/faulty-records.js';

/** Takes the records of a plan; {@link ReplayPlan.publish} calls it. */
export interface ReplayOutput {
  /** Validates, encodes and sends one event through ingest. */
  event(topic: string, event: object): void;
  /** Sends bytes as they are, past ingest. */
  raw(record: FaultyRecord): void;
}

/** Some records of a plan that belong together. */
export interface ReplaySegment {
  readonly count: number;
  /** Gives the record at `index`, from 0 to `count - 1`, to the output. */
  publish(index: number, output: ReplayOutput): void;
}

/**
 * Everything that a run publishes, in order: reference tables, then faulty records, then events. A position in it is how many
 * records have been published, and means the same in every run with the same data and options.
 *
 * Reference tables come first so that the first departure finds its aircraft, its carrier and its destination.
 */
export class ReplayPlan {
  readonly reference: number;
  readonly faulty: number;
  readonly events: number;
  readonly #segments: readonly ReplaySegment[];

  constructor(segments: { reference: readonly ReplaySegment[]; faulty: ReplaySegment; events: ReplaySegment }) {
    this.#segments = [...segments.reference, segments.faulty, segments.events];
    this.reference = segments.reference.reduce((sum, each) => sum + each.count, 0);
    this.faulty = segments.faulty.count;
    this.events = segments.events.count;
  }

  get length(): number {
    return this.reference + this.faulty + this.events;
  }

  /** How many events, not counting reference tables and faulty records, lie before a position. */
  eventsBefore(position: number): number {
    return Math.max(0, position - this.reference - this.faulty);
  }

  /** Gives the records from `from` to before `to` to the output. */
  publish(from: number, to: number, output: ReplayOutput): void {
    let start = 0;
    for (const segment of this.#segments) {
      const end = start + segment.count;
      for (let position = Math.max(from, start); position < Math.min(to, end); position++) {
        segment.publish(position - start, output);
      }
      start = end;
    }
  }
}
