/** The state of a key: how many records it had, the last of them, and a sum in which their order shows. */
export interface Folded {
  readonly count: number;
  readonly hash: number;
  readonly id: number;
}

export const NOTHING: Folded = { count: 0, hash: 0, id: -1 };

/** The state after one more record. */
export function fold(state: Folded, id: number): Folded {
  return { count: state.count + 1, hash: (Math.imul(state.hash, 31) + id + 1) >>> 0, id };
}

export function isSame(left: Folded, right: Folded): boolean {
  return left.count === right.count && left.hash === right.hash && left.id === right.id;
}
