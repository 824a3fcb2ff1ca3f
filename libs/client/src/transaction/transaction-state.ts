/**
 * The life of a transactional producer.
 *
 *   stopped ──start──▶ starting ──identity──▶ ready ──begin──▶ open ──commit, abort──▶ ending ──▶ ready
 *                         ▲                                     │ an error            │
 *                         │                                     ▼                     ▼ a refusal
 *                         │                                 abortable ──abort──▶ ending
 *                         └──start── defunct ◀── fenced, or nobody knows how the transaction ended
 */
import { FatalError, TaskError, TransientError, describeError } from '@millrace/kernel';

/** Where a transactional producer stands. */
export type TransactionPhase = 'stopped' | 'starting' | 'ready' | 'open' | 'abortable' | 'ending' | 'defunct';

const NEXT: Readonly<Record<TransactionPhase, readonly TransactionPhase[]>> = {
  stopped: ['starting'],
  starting: ['ready', 'stopped', 'defunct'],
  ready: ['open', 'stopped', 'defunct'],
  open: ['ending', 'abortable', 'stopped', 'defunct'],
  abortable: ['ending', 'stopped', 'defunct'],
  ending: ['ready', 'abortable', 'stopped', 'defunct'],
  defunct: ['starting', 'stopped'],
};

/** Keeps the phase, and the error that led to `abortable` or `defunct`. */
export class TransactionState {
  #phase: TransactionPhase = 'stopped';
  #cause: unknown;

  get phase(): TransactionPhase {
    return this.#phase;
  }

  /** Moves on. @throws {FatalError} (stop-app) `MR_LIFECYCLE_ORDER` when the present phase does not allow it. */
  to(phase: TransactionPhase, cause?: unknown): void {
    if (!NEXT[this.#phase].includes(phase)) throw this.#outOfOrder(`become '${phase}'`);
    this.#phase = phase;
    this.#cause = cause;
  }

  /** Moves to `abortable` or `defunct` unless the phase is past that already. */
  fail(phase: 'abortable' | 'defunct', cause: unknown): void {
    if (NEXT[this.#phase].includes(phase)) this.to(phase, cause);
  }

  /** @throws the error that stands against `action`; nothing when the phase is one of `phases`. */
  expect(action: string, ...phases: readonly TransactionPhase[]): void {
    if (phases.includes(this.#phase)) return;
    throw this.obstacle(action);
  }

  /** The error for an `action` that the phase does not allow. */
  obstacle(action: string): Error {
    const cause = this.#cause;
    switch (this.#phase) {
      case 'abortable': {
        const message = `cannot ${action}: the transaction has failed and must be aborted (${describeError(cause)})`;
        // What only a person can repair must not look as if it were worth another try.
        return cause instanceof FatalError
          ? new FatalError(cause.code, message, { cause, place: cause.place })
          : new TransientError('MR_TRANSACTION_ABORTABLE', message, { cause });
      }
      case 'defunct':
        return new TaskError(
          'MR_PRODUCER_FENCED',
          `cannot ${action}: the producer must be started again (${describeError(cause)})`,
          { cause },
        );
      case 'stopped':
      case 'starting':
      case 'ready':
      case 'open':
      case 'ending':
        return this.#outOfOrder(action);
    }
  }

  #outOfOrder(action: string): FatalError {
    return new FatalError('MR_LIFECYCLE_ORDER', `cannot ${action} while the producer is '${this.#phase}'`);
  }
}
