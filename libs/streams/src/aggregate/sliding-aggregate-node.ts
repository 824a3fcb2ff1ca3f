import { inOrder } from '../processor/in-order.js';
import type { NodeEnvironment } from '../processor/node-environment.js';
import type { Outcome } from '../processor/processor-node.js';
import type { TimestampedValue } from '../store/key-value-store.js';
import type { SlidingWindows } from '../window/time-windows.js';
import { WindowFoldNode } from './window-fold-node.js';
import type { WindowedFold } from './windowed-fold.js';

/** What stands in the windows around a record of its key. */
interface Surroundings {
  readonly starts: ReadonlySet<number>;
  /** The windows that the record falls into. */
  readonly containing: readonly [number, TimestampedValue<unknown>][];
  /** Whether the window that ends with the record exists, and the one that begins just after it. */
  readonly hasLeft: boolean;
  readonly hasRight: boolean;
  /** The aggregate of the records before this one, within reach of it. */
  readonly left: TimestampedValue<unknown> | undefined;
  /** The aggregate that holds the records after this one, if there are any. */
  readonly right: TimestampedValue<unknown> | undefined;
  /** Time of the record before this one. */
  readonly previousMs: number | undefined;
}

/**
 * Folds the records of each key in sliding windows (KIP-450). Each record opens a window that ends with it and, where a later
 * record is within reach, one that begins just after it; it also opens the window that begins just after the record before it,
 * and goes into every window around it. The timestamp of an aggregate is that of the last record in its window.
 */
export class SlidingAggregateNode extends WindowFoldNode {
  readonly #windows: SlidingWindows;

  constructor(name: string, windows: SlidingWindows, fold: WindowedFold, environment: NodeEnvironment) {
    // The end is inclusive: a window is open while stream time is at most its end plus the grace.
    super(name, { lengthMs: windows.differenceMs, closedAfterMs: windows.graceMs + 1 }, fold, environment);
    this.#windows = windows;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (key === null || value === null) {
      this.environment.counters.droppedNull++;
      return undefined;
    }
    this.time.observe(timestampMs);
    if (timestampMs + this.#windows.differenceMs < this.#openFromMs()) {
      return this.dropLate(key, value, timestampMs);
    }
    const updated = this.#take(key, value, timestampMs);
    return updated === undefined ? this.emitClosed() : updated.then(() => this.emitClosed());
  }

  /** Windows that end before this are closed. */
  #openFromMs(): number {
    return this.time.ms - this.#windows.graceMs;
  }

  #take(key: unknown, value: unknown, timestampMs: number): Outcome {
    const { differenceMs } = this.#windows;
    const around = timestampMs < differenceMs ? this.#aroundEarly(key, timestampMs) : this.#around(key, timestampMs);
    const { starts, containing, hasLeft, hasRight, left, right, previousMs } = around;
    const steps: (() => Outcome)[] = containing.map(
      ([startMs, row]) =>
        () =>
          this.#add(key, value, timestampMs, startMs, row, row.value),
    );
    const previousRightMs = previousMs === undefined ? undefined : previousMs + 1;
    if (
      previousRightMs !== undefined &&
      !starts.has(previousRightMs) &&
      previousRightMs + differenceMs >= timestampMs
    ) {
      steps.push(() => this.#add(key, value, timestampMs, previousRightMs, undefined, null));
    }
    if (!hasLeft) {
      const isInReach = previousMs !== undefined && timestampMs - differenceMs <= previousMs;
      const before = isInReach && left !== undefined ? { value: left.value, timestampMs } : undefined;
      const startMs = Math.max(0, timestampMs - differenceMs);
      steps.push(() => this.#add(key, value, timestampMs, startMs, before, null));
    }
    if (!hasRight && right !== undefined && right.timestampMs > timestampMs) {
      const startMs = timestampMs + 1;
      const windowed = { key, startMs, endMs: startMs + differenceMs };
      steps.push(() => this.updates.put(windowed, right.value, null, right.timestampMs));
    }
    return inOrder(steps, (step) => step());
  }

  #around(key: unknown, timestampMs: number): Surroundings {
    const { differenceMs } = this.#windows;
    const starts = new Set<number>();
    const containing: [number, TimestampedValue<unknown>][] = [];
    let [hasLeft, hasRight] = [false, false];
    let left: TimestampedValue<unknown> | undefined;
    let right: TimestampedValue<unknown> | undefined;
    let previousMs: number | undefined;
    const fromMs = Math.max(0, timestampMs - 2 * differenceMs);
    for (const [startMs, row] of this.store.fetch(key, fromMs, timestampMs + 1)) {
      starts.add(startMs);
      const endMs = startMs + differenceMs;
      if (startMs === timestampMs + 1) {
        hasRight = true;
      } else if (endMs < timestampMs) {
        left = row;
        previousMs = row.timestampMs;
      } else {
        containing.push([startMs, row]);
        if (endMs > timestampMs) {
          right = row;
        } else {
          hasLeft = true;
          if (row.timestampMs < timestampMs) previousMs = row.timestampMs;
        }
      }
    }
    return { starts, containing, hasLeft, hasRight, left, right, previousMs };
  }

  /** Records at less than the difference share the window that begins at 0: no window begins before the epoch. */
  #aroundEarly(key: unknown, timestampMs: number): Surroundings {
    const starts = new Set<number>();
    const containing: [number, TimestampedValue<unknown>][] = [];
    let hasRight = false;
    let right: TimestampedValue<unknown> | undefined;
    let first: TimestampedValue<unknown> | undefined;
    for (const [startMs, row] of this.store.fetch(key, 0, timestampMs + 1)) {
      starts.add(startMs);
      if (startMs === timestampMs + 1) {
        hasRight = true;
        continue;
      }
      containing.push([startMs, row]);
      if (startMs === 0) first = row;
      else right = row;
    }
    if (right === undefined && first !== undefined && first.timestampMs > timestampMs) right = first;
    const previousMs = first !== undefined && first.timestampMs < timestampMs ? first.timestampMs : undefined;
    return { starts, containing, hasLeft: first !== undefined, hasRight, left: undefined, right, previousMs };
  }

  #add(
    key: unknown,
    value: unknown,
    timestampMs: number,
    startMs: number,
    before: TimestampedValue<unknown> | undefined,
    old: unknown,
  ): Outcome {
    const endMs = startMs + this.#windows.differenceMs;
    if (endMs < this.#openFromMs()) return undefined;
    this.environment.context.forgetValue();
    const aggregate = this.fold.add(before?.value, value, key);
    const newestMs = Math.max(timestampMs, before?.timestampMs ?? timestampMs);
    return this.updates.put({ key, startMs, endMs }, aggregate, old, newestMs);
  }
}
