/**
 * The time of a simulated world.
 *
 * Invariants: time stands still while anything is left to run; then it jumps to the next timer. Timers fire one by one, in
 * order of their due time, then of arming, and the world runs dry between two of them, as in Node's own event loop.
 */
import { getActiveResourcesInfo } from 'node:process';
import type { Clock, Timer } from '@millrace/kernel';

interface ArmedTimer extends Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
  isCancelled: boolean;
}

/** Turns of the event loop at one moment that nothing but an endless loop takes. */
const MAX_TURNS_PER_MOMENT = 20_000;

/** Time stands still because something never comes to rest. */
export class LivelockError extends Error {}

/** See the head of this file. */
export class VirtualTime implements Clock {
  readonly #startMs: number;
  readonly #heap: ArmedTimer[] = [];
  #nowMs: number;
  #order = 0;

  /** @param startMs Wall-clock time at the start, in milliseconds since the epoch. */
  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  /** Whole milliseconds, as of a machine's clock, although timers may be due in between. */
  nowMs(): number {
    return Math.floor(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: ArmedTimer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      fire: callback,
      isCancelled: false,
      cancel: () => void (timer.isCancelled = true),
    };
    this.#push(timer);
    return timer;
  }

  /** Waits `ms` of this time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.setTimer(ms, resolve));
  }

  /**
   * Lets time pass until `isDone` holds or `untilMs` (milliseconds since the start) has come.
   *
   * @returns whether `isDone` holds.
   * @throws {LivelockError} when something at one moment never comes to rest.
   */
  async run(isDone: () => boolean, untilMs: number): Promise<boolean> {
    for (;;) {
      await this.#runDry();
      if (isDone()) return true;
      const next = this.#pop();
      if (next === undefined || next.dueMs - this.#startMs > untilMs) {
        if (next !== undefined) this.#push(next);
        this.#nowMs = Math.max(this.#nowMs, this.#startMs + untilMs);
        return false;
      }
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.fire();
    }
  }

  async #runDry(): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS_PER_MOMENT; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!getActiveResourcesInfo().includes('Immediate')) return;
    }
    throw new LivelockError(`something runs in circles at ${this.monotonicMs()} ms and lets no time pass`);
  }

  #push(timer: ArmedTimer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent] as ArmedTimer, timer)) break;
      heap[at] = heap[parent] as ArmedTimer;
      at = parent;
    }
    heap[at] = timer;
  }

  /** The next timer that was not cancelled. */
  #pop(): ArmedTimer | undefined {
    for (let first = this.#removeFirst(); first !== undefined; first = this.#removeFirst()) {
      if (!first.isCancelled) return first;
    }
    return undefined;
  }

  #removeFirst(): ArmedTimer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1] as ArmedTimer, heap[child] as ArmedTimer)) child++;
      if (isBefore(last, heap[child] as ArmedTimer)) break;
      heap[at] = heap[child] as ArmedTimer;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(left: ArmedTimer, right: ArmedTimer): boolean {
  return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order);
}
