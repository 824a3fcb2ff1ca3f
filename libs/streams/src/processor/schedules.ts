import type { Outcome } from './processor-node.js';

interface Schedule {
  readonly everyMs: number;
  readonly by: 'stream-time' | 'wall-clock';
  readonly callback: (timeMs: number) => Outcome;
  dueMs: number | undefined;
  /** When it was due as of the last commit: what its turns did since then is undone by a rollback. */
  committedDueMs: number | undefined;
}

/** What a processor has scheduled by stream time and by the wall clock. */
export class Schedules {
  readonly #schedules = new Set<Schedule>();
  /** The stream time up to which a task of before has run what was due; -1 where there was none. */
  #resumedMs = -1;

  get isEmpty(): boolean {
    return this.#schedules.size === 0;
  }

  get hasStreamTime(): boolean {
    for (const schedule of this.#schedules) if (schedule.by === 'stream-time') return true;
    return false;
  }

  /** Adds a turn every `everyMs`. Returns a function that ends it. */
  add(everyMs: number, by: Schedule['by'], callback: Schedule['callback']): () => void {
    const schedule: Schedule = { everyMs, by, callback, dueMs: undefined, committedDueMs: undefined };
    this.#schedules.add(schedule);
    return () => void this.#schedules.delete(schedule);
  }

  /** What the turns did until now is committed. */
  committed(): void {
    for (const schedule of this.#schedules) schedule.committedDueMs = schedule.dueMs;
  }

  /**
   * Takes over the turns by the wall clock that those of before have waited for: one that was taken and not committed comes again.
   */
  succeed(former: Schedules): void {
    const schedules = [...former.#schedules];
    let nth = 0;
    for (const schedule of this.#schedules) {
      const before = schedules[nth++];
      const isSame = before?.by === 'wall-clock' && schedule.by === 'wall-clock' && before.everyMs === schedule.everyMs;
      if (isSame) schedule.dueMs = schedule.committedDueMs = before.committedDueMs;
    }
  }

  /** Goes on where a task of before has left off: its turns up to that stream time are not run again. */
  resumeStreamTime(streamTimeMs: number): void {
    this.#resumedMs = Math.max(this.#resumedMs, streamTimeMs);
  }

  /** Runs what is due. */
  run(by: Schedule['by'], timeMs: number): Outcome {
    if (timeMs < 0) return undefined;
    let pending: Promise<void> | undefined;
    for (const schedule of this.#schedules) {
      if (schedule.by !== by) continue;
      if (schedule.dueMs === undefined) {
        // As in Kafka Streams: turns of stream time are aligned to 0, and the wall clock's first one is a period away.
        schedule.dueMs = by === 'stream-time' ? this.#firstTurnMs(schedule.everyMs) : timeMs + schedule.everyMs;
      }
      schedule.committedDueMs ??= schedule.dueMs;
      if (timeMs < schedule.dueMs) continue;
      const missed = Math.floor((timeMs - schedule.dueMs) / schedule.everyMs) + 1;
      schedule.dueMs += missed * schedule.everyMs;
      if (pending !== undefined) pending = pending.then(() => schedule.callback(timeMs));
      else pending = schedule.callback(timeMs) ?? undefined;
    }
    return pending;
  }

  #firstTurnMs(everyMs: number): number {
    return this.#resumedMs < 0 ? 0 : (Math.floor(this.#resumedMs / everyMs) + 1) * everyMs;
  }
}
