import { FatalError } from '@millrace/kernel';

/**
 * Where a stream thread stands.
 *
 * ```
 *              ┌──────────────────────────────────────────────┐
 *              │ fenced: tasks dropped, membership renewed     │
 *              ▼                                              │
 *  CREATED ─► STARTING ─► RESTORING ◄──► RUNNING ─────────────┤
 *              │  ▲          │  ▲          │                  │
 *              │  │          ▼  │          ▼                  │
 *              │  └─────── REVOKING ◄──────┘                  │
 *              │             │                                │
 *              └─────────────┼──► PENDING_SHUTDOWN ─► DEAD ◄──┘ terminal error
 * ```
 */
export const THREAD_STATES = [
  'CREATED',
  'STARTING',
  'RESTORING',
  'RUNNING',
  'REVOKING',
  'PENDING_SHUTDOWN',
  'DEAD',
] as const;

/** One of {@link THREAD_STATES}. */
export type ThreadState = (typeof THREAD_STATES)[number];

const NEXT: Readonly<Record<ThreadState, readonly ThreadState[]>> = {
  CREATED: ['STARTING', 'DEAD'],
  STARTING: ['RESTORING', 'RUNNING', 'REVOKING', 'PENDING_SHUTDOWN', 'DEAD'],
  RESTORING: ['RUNNING', 'REVOKING', 'STARTING', 'PENDING_SHUTDOWN', 'DEAD'],
  RUNNING: ['RESTORING', 'REVOKING', 'STARTING', 'PENDING_SHUTDOWN', 'DEAD'],
  REVOKING: ['RESTORING', 'RUNNING', 'STARTING', 'PENDING_SHUTDOWN', 'DEAD'],
  PENDING_SHUTDOWN: ['DEAD'],
  DEAD: [],
};

/** Holds the state of one thread; the only place that changes it. */
export class ThreadStateMachine {
  readonly #changed: (from: ThreadState, to: ThreadState) => void;
  #state: ThreadState = 'CREATED';

  /** @param changed Called after each change, never for a move to the state that already holds. */
  constructor(changed: (from: ThreadState, to: ThreadState) => void) {
    this.#changed = changed;
  }

  get state(): ThreadState {
    return this.#state;
  }

  /**
   * Moves to `to`; staying where it is does nothing.
   *
   * @throws {FatalError} (stop-app) `MR_LIFECYCLE_ORDER` when the table above has no such transition.
   */
  moveTo(to: ThreadState): void {
    const from = this.#state;
    if (from === to) return;
    if (!NEXT[from].includes(to)) {
      throw new FatalError('MR_LIFECYCLE_ORDER', `a stream thread cannot go from ${from} to ${to}`);
    }
    this.#state = to;
    this.#changed(from, to);
  }
}
