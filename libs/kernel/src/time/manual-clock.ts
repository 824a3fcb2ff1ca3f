import type { Clock, Timer } from './clock.js';

interface ArmedTimer extends Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that moves only when told to. Timers fire in order of their due time, then of arming. */
export class ManualClock implements Clock {
  readonly #armed = new Set<ArmedTimer>();
  readonly #originMs: number;
  #nowMs: number;
  #order = 0;

  /** @param startMs Wall-clock time at the start, in milliseconds since the epoch. Default 0. */
  constructor(startMs = 0) {
    this.#nowMs = startMs;
    this.#originMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#originMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: ArmedTimer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      fire: callback,
      cancel: () => this.#armed.delete(timer),
    };
    this.#armed.add(timer);
    return timer;
  }

  /** When the next timer is due, or `undefined` when none is armed. */
  nextTimerMs(): number | undefined {
    return this.#next(Infinity)?.dueMs;
  }

  /** Moves on by `ms`, firing every timer that becomes due at its own moment. */
  advance(ms: number): void {
    this.advanceTo(this.#nowMs + ms);
  }

  /** Moves on to `targetMs`, firing every timer that becomes due at its own moment. A time in the past is ignored. */
  advanceTo(targetMs: number): void {
    for (let due = this.#next(targetMs); due !== undefined; due = this.#next(targetMs)) {
      this.#armed.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.dueMs);
      due.fire();
    }
    this.#nowMs = Math.max(this.#nowMs, targetMs);
  }

  #next(untilMs: number): ArmedTimer | undefined {
    let best: ArmedTimer | undefined;
    for (const timer of this.#armed) {
      if (timer.dueMs > untilMs) continue;
      if (best === undefined || timer.dueMs < best.dueMs || (timer.dueMs === best.dueMs && timer.order < best.order)) {
        best = timer;
      }
    }
    return best;
  }
}
