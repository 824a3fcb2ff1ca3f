/** Requests of a commit at whose sending and answering a process or its connection may end, by guarantee. */
export const CUT_POINTS = {
  exactly_once: ['Produce', 'TxnOffsetCommit', 'EndTxn'],
  at_least_once: ['Produce', 'OffsetCommit'],
} as const;

const ALL_CUT_POINTS = ['Produce', 'TxnOffsetCommit', 'EndTxn', 'OffsetCommit'] as const;

/** One of {@link CUT_POINTS}. */
export type CutPoint = (typeof ALL_CUT_POINTS)[number];

/**
 * What can go wrong.
 *
 * - `crash`: a process ends without a word; `leave`: it stops in order; both come back later;
 * - `zombie`: it stands still for longer than its session, then goes on; `replaced`: meanwhile another has its instance id;
 * - `cut`, `cut-out`, `cut-in`: what is sent both ways, by it, or to it is held back for a while;
 * - `reset`: its connections are lost with all that is on its way; `late-arrival`: what it sent arrives all the same, late;
 * - `broker-reset`: everybody's connections are lost at once; `broker-restart`: the broker is stopped or killed, and comes back
 *   with what is on its disk;
 * - `handler-failure`: a handler throws what another try mends; `slow-handler`: it takes its time;
 * - `forgotten-transaction`: a source leaves one open; `transaction-timeout`: the broker has ended one of the application;
 * - `crash-before-…`, `crash-after-…`, `reset-before-…`, `reset-after-…`: at a request of a commit, before it is sent or
 *   before its answer comes back.
 */
export const FAULTS = [
  'crash',
  'leave',
  'zombie',
  'replaced',
  'cut',
  'cut-out',
  'cut-in',
  'reset',
  'late-arrival',
  'broker-reset',
  'broker-restart',
  'handler-failure',
  'slow-handler',
  'forgotten-transaction',
  'transaction-timeout',
  ...ALL_CUT_POINTS.flatMap((api) =>
    (['crash-before', 'crash-after', 'reset-before', 'reset-after'] as const).map((what) => `${what}-${api}` as const),
  ),
] as const;

/** One of {@link FAULTS}. */
export type Fault = (typeof FAULTS)[number];

/** How often each fault fired. */
export class FaultCounts {
  readonly #counts = new Map<Fault, number>();

  fired(fault: Fault, times = 1): void {
    this.#counts.set(fault, (this.#counts.get(fault) ?? 0) + times);
  }

  of(fault: Fault): number {
    return this.#counts.get(fault) ?? 0;
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(FAULTS.map((fault) => [fault, this.of(fault)]));
  }
}
