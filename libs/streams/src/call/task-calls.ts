import type { RecordFailures } from '../task/record-failures.js';
import type { RecordScope } from '../task/record-scope.js';
import type { Outcome } from '../processor/processor-node.js';
import type { CallEnvironment } from './call-environment.js';

/** An operator that calls to the outside, as its task sees it. */
export interface CallingOperator {
  /** Whether no more records should be taken. */
  readonly isFull: boolean;
  /** Whether a record waits for its call or its result. */
  readonly isCalling: boolean;
  /** Whether {@link forwardResults} would forward anything. */
  readonly hasResult: boolean;
  /** The stream time before the earliest record that is not forwarded, in milliseconds; `Infinity` where all are. */
  readonly heldTimeMs: number;
  /** Forwards the results that are there and may be forwarded. */
  forwardResults(): Outcome;
}

/**
 * The calls to the outside of all operators of a task.
 *
 * Invariant: results are forwarded only where the task asks for it, between two records, never when a promise happens to be
 * settled.
 */
export class TaskCalls {
  readonly environment: CallEnvironment;
  /** Deals with records that failed. */
  readonly failures: RecordFailures;
  readonly scope: RecordScope | undefined;
  readonly #operators: CallingOperator[] = [];
  /** The greatest timestamp of the records that were taken before the present one, in milliseconds. */
  streamTimeMs = -1;
  #isHalted = false;
  #wake: (() => void) | undefined;

  /** @param scope takes back what a result has led to before it failed; undefined where nothing is taken back alone. */
  constructor(environment: CallEnvironment, failures: RecordFailures, scope: RecordScope | undefined) {
    this.environment = environment;
    this.failures = failures;
    this.scope = scope;
  }

  add(operator: CallingOperator): void {
    this.#operators.push(operator);
  }

  /** Whether the task has no operator that calls. */
  get isUnused(): boolean {
    return this.#operators.length === 0;
  }

  /** Whether the task must take no record now: a window is full, or a commit is about to be made. */
  get holdsBack(): boolean {
    return this.#isHalted || this.#operators.some((each) => each.isFull);
  }

  get isCalling(): boolean {
    return this.#operators.some((each) => each.isCalling);
  }

  get hasResults(): boolean {
    return this.#operators.some((each) => each.hasResult);
  }

  /** Takes no record until {@link resume}. */
  halt(): void {
    this.#isHalted = true;
  }

  resume(): void {
    this.#isHalted = false;
  }

  /** A call has ended. */
  ended(): void {
    this.#wake?.();
    this.environment.ended();
  }

  /** Forwards the results that are there; those of the first operator first, which may be input of the next. */
  async forwardResults(): Promise<void> {
    for (const operator of this.#operators) await operator.forwardResults();
  }

  /** Waits for all calls and forwards their results; ends early when the task is closed. */
  async drain(): Promise<void> {
    while (this.isCalling) {
      if (!this.hasResults) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
      }
      await this.forwardResults();
    }
  }

  /** Ends {@link drain}, after the operators were closed. */
  close(): void {
    this.#wake?.();
  }

  /** Stream time as far as its records are through: where one is under way, that of before it. */
  settledTimeMs(streamTimeMs: number): number {
    let settledMs = streamTimeMs;
    for (const { heldTimeMs } of this.#operators) settledMs = Math.min(settledMs, heldTimeMs);
    return settledMs;
  }
}
