/**
 * What must hold in every run, whatever fails.
 *
 * - `input-has-effect`: every committed input record below the group's committed offset has its effect;
 * - `effect-once`: no record has its effect twice;
 * - `no-aborted-data`: nothing of an aborted transaction is ever seen, nor anything that nobody wrote;
 * - `order-per-key`: records of a key have their effects in the order of their input;
 * - `state-is-fold`: every state that is emitted is the plain fold of the records before it;
 * - `changelog-is-fold`: so is every state in a changelog, and none is missing there;
 * - `store-is-fold`: so is what the stores hold at the end;
 * - `sinks-agree`: a sink has what stands in its topic up to the offset that it keeps, and no more is committed for it;
 * - `offsets-never-back`: committed offsets never go back;
 * - `zombie-refused`: who was replaced while it stood still commits nothing and is told so;
 * - `nothing-hangs`: starts, stops and drains end within a bound of virtual time, and no moment lasts for ever;
 * - `lag-drains`: once the faults are over, everything is consumed;
 * - `nothing-dies`: no application ends by an error but one that was replaced; no promise is rejected unheard.
 */
export const INVARIANTS = [
  'input-has-effect',
  'effect-once',
  'no-aborted-data',
  'order-per-key',
  'state-is-fold',
  'changelog-is-fold',
  'store-is-fold',
  'sinks-agree',
  'offsets-never-back',
  'zombie-refused',
  'nothing-hangs',
  'lag-drains',
  'nothing-dies',
] as const;

/** One of {@link INVARIANTS}. */
export type Invariant = (typeof INVARIANTS)[number];

/** An invariant does not hold. */
export class Violation extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, message: string, options?: ErrorOptions) {
    super(message, options);
    this.invariant = invariant;
  }
}
