/**
 * The calls of one operator of one task, from the record to its result.
 *
 *   add ─► behind its key ─► ready ─► calling ─► ended ─► takeResult
 *             (not where unordered)
 *
 * Invariants:
 * - at most `maxInFlight` calls run at once, and no two of one key unless the order is `unordered`;
 * - results are taken in the order of arrival (`ordered`), or as they come: then those of one key are in order, because its
 *   calls follow each other;
 * - a call that failed holds back its key until its failure was dealt with: what that leads to may be that all is done again.
 */

/** Which results may overtake which. */
export type CallOrder = 'ordered' | 'per-key' | 'unordered';

/** A record that waits for its call or its result. */
export interface PendingCall {
  /** Stands for the record's key; undefined where the record has none. */
  readonly id: string | undefined;
  /** The stream time before the record was taken, in milliseconds. */
  readonly heldTimeMs: number;
  /** Undefined until the call has ended. */
  result?: { readonly value: unknown } | { readonly failure: unknown };
}

/** Records that may wait behind a call of their key before no more are taken: what is taken must be called before a commit. */
const MAX_BEHIND_KEY = 4;

/** See the head of this file. */
export class CallWindow<C extends PendingCall> {
  readonly #order: CallOrder;
  readonly #maxInFlight: number;
  readonly #start: (call: C) => void;
  /** In the order of arrival. */
  readonly #unfinished = new Set<C>();
  readonly #ready: C[] = [];
  readonly #ended: C[] = [];
  /** What waits behind the call of a key; a key that is here has one. */
  readonly #behind = new Map<string, C[]>();
  #crowdedKeys = 0;
  #calling = 0;

  /** @param start Begins a call; {@link end} is told when it has ended. */
  constructor(order: CallOrder, maxInFlight: number, start: (call: C) => void) {
    this.#order = order;
    this.#maxInFlight = maxInFlight;
    this.#start = start;
  }

  /** Whether every result was taken. */
  get isEmpty(): boolean {
    return this.#unfinished.size === 0;
  }

  /** Whether no more records should be taken. One that leads to several calls may exceed it: they wait. */
  get isFull(): boolean {
    return this.#unfinished.size >= this.#maxInFlight || this.#crowdedKeys > 0;
  }

  /** The stream time before the earliest record that is not finished, in milliseconds; `Infinity` where all are. */
  get heldTimeMs(): number {
    let heldMs = Infinity;
    for (const call of this.#unfinished) if (call.heldTimeMs < heldMs) heldMs = call.heldTimeMs;
    return heldMs;
  }

  add(call: C): void {
    this.#unfinished.add(call);
    const behind = this.#keyOf(call) === undefined ? undefined : this.#behind.get(call.id as string);
    if (behind === undefined) {
      if (this.#keyOf(call) !== undefined) this.#behind.set(call.id as string, []);
      this.#ready.push(call);
      this.#startReady();
    } else {
      behind.push(call);
      if (behind.length === MAX_BEHIND_KEY) this.#crowdedKeys++;
    }
  }

  /** The call has ended: `call.result` says how. */
  end(call: C): void {
    this.#calling--;
    this.#ended.push(call);
    if (call.result !== undefined && 'value' in call.result) this.#release(call);
    this.#startReady();
  }

  /** Whether {@link takeResult} would give one. */
  get hasResult(): boolean {
    return this.#next?.result !== undefined;
  }

  /** The next call whose result may be forwarded now. */
  takeResult(): C | undefined {
    const next = this.#next;
    if (next?.result === undefined) return undefined;
    this.#ended.splice(this.#ended.indexOf(next), 1);
    return next;
  }

  /** A result that was taken is dealt with. */
  finish(call: C): void {
    this.#unfinished.delete(call);
    if (call.result === undefined || 'value' in call.result) return;
    this.#release(call);
    this.#startReady();
  }

  /** Forgets everything. */
  clear(): void {
    this.#unfinished.clear();
    this.#ready.length = 0;
    this.#ended.length = 0;
    this.#behind.clear();
    this.#crowdedKeys = 0;
  }

  get #next(): C | undefined {
    return this.#order === 'ordered' ? this.#unfinished.values().next().value : this.#ended[0];
  }

  #keyOf(call: C): string | undefined {
    return this.#order === 'unordered' ? undefined : call.id;
  }

  #release(call: C): void {
    const id = this.#keyOf(call);
    const behind = id === undefined ? undefined : this.#behind.get(id);
    if (id === undefined || behind === undefined) return;
    if (behind.length === MAX_BEHIND_KEY) this.#crowdedKeys--;
    const next = behind.shift();
    if (next === undefined) this.#behind.delete(id);
    else this.#ready.push(next);
  }

  #startReady(): void {
    while (this.#calling < this.#maxInFlight) {
      const call = this.#ready.shift();
      if (call === undefined) return;
      this.#calling++;
      this.#start(call);
    }
  }
}
