import { NOTHING, fold, isSame, type Folded } from '../workload/folded.js';
import { Violation } from './violation.js';

/** A record of a stage's input: where it stands, and under which key its effect appears. */
export interface StageInput {
  readonly id: number;
  readonly key: string;
  readonly partition: number;
  readonly offset: number;
  readonly isAborted: boolean;
}

/** An effect: a committed record of a stage's output. */
export interface Effect {
  readonly key: string;
  readonly id: number;
  /** The state that was emitted, of a stage that has one. */
  readonly state?: Folded;
  /** Checks what only this stage has; called in the order of the effects of a key. */
  readonly verify?: () => void;
}

/**
 * Compares what a stage of the application wrote with what it read: one effect for each input record, in order. At least
 * once, an effect may come again, and states may hold records twice; what comes for the first time still comes in order.
 *
 * The effects of a key come in the order of their log. Those whose input is not known yet wait, with all of their key that
 * follow.
 */
export class StageCheck {
  readonly name: string;
  readonly #inputOf: (id: number) => StageInput | 'unknown yet' | undefined;
  readonly #seen = new Set<number>();
  readonly #states = new Map<string, Folded>();
  readonly #lastOffsets = new Map<string, number>();
  readonly #waiting = new Map<string, Effect[]>();
  readonly #mayRepeat: boolean;
  /** Effects that came again. */
  repeats = 0;

  /**
   * @param inputOf Finds the input of an effect; nothing when there is and will be none.
   * @param mayRepeat Whether an effect may come more than once.
   */
  constructor(name: string, inputOf: (id: number) => StageInput | 'unknown yet' | undefined, mayRepeat: boolean) {
    this.name = name;
    this.#inputOf = inputOf;
    this.#mayRepeat = mayRepeat;
  }

  /** States by key, as the fold of the effects so far. */
  get states(): ReadonlyMap<string, Folded> {
    return this.#states;
  }

  /** Effects so far. */
  get count(): number {
    return this.#seen.size;
  }

  /** Takes the next effect. @throws {Violation} when it must not be. */
  take(effect: Effect): void {
    const queue = this.#waiting.get(effect.key) ?? [];
    queue.push(effect);
    this.#waiting.set(effect.key, queue);
    this.#settle(effect.key, queue);
  }

  /** Looks again at effects whose input may be known by now. @returns how many still wait. */
  settle(): number {
    let waiting = 0;
    for (const [key, queue] of this.#waiting) {
      this.#settle(key, queue);
      waiting += queue.length;
    }
    return waiting;
  }

  /** Whether a record had its effect. */
  hasEffect(id: number): boolean {
    return this.#seen.has(id);
  }

  #settle(key: string, queue: Effect[]): void {
    for (let effect = queue[0]; effect !== undefined; effect = queue[0]) {
      const input = this.#inputOf(effect.id);
      if (input === 'unknown yet') return;
      queue.shift();
      this.#check(key, effect, input);
    }
  }

  #check(key: string, { id, state, verify }: Effect, input: StageInput | undefined): void {
    const what = `${this.name}: record ${id} (key ${JSON.stringify(key)})`;
    if (input === undefined) throw new Violation('no-aborted-data', `${what} was never written by anybody`);
    if (input.isAborted) throw new Violation('no-aborted-data', `${what} is of an aborted transaction`);
    if (input.key !== key) throw new Violation('no-aborted-data', `${what} belongs to key ${input.key}`);
    if (this.#seen.has(id)) {
      if (!this.#mayRepeat) throw new Violation('effect-once', `${what} had its effect before`);
      this.repeats += 1;
      return;
    }
    this.#seen.add(id);
    const line = `${key}/${input.partition}`;
    if (input.offset < (this.#lastOffsets.get(line) ?? -1)) {
      throw new Violation('order-per-key', `${what} at offset ${input.offset} comes after a later one`);
    }
    this.#lastOffsets.set(line, input.offset);
    const expected = fold(this.#states.get(key) ?? NOTHING, id);
    this.#states.set(key, expected);
    if (state !== undefined && !this.#mayRepeat && !isSame(state, expected)) {
      const message = `${what} led to ${JSON.stringify(state)}, but the fold of its key is ${JSON.stringify(expected)}`;
      throw new Violation('state-is-fold', message);
    }
    verify?.();
  }
}
