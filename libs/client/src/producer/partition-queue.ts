/**
 * The batches of one partition on their way, in the order in which they were given.
 *
 * Invariants:
 * - `inFlight` and `waiting` together hold the unacknowledged batches; each list is in the order of giving;
 * - sequence numbers follow each other without gap in that order, under the identity of this queue;
 * - after a failure the queue recovers: one batch in flight at a time, oldest first, until no repeated batch is left;
 * - unless the broker insists on sequence 0 (transaction version 2), the first batch under an identity goes alone. A broker
 *   that knows nothing of a producer accepts whatever sequence number comes first: a younger batch could overtake one that
 *   was turned away because the leader was not ready.
 */
import { decrementSequence, incrementSequence } from '@millrace/protocol';
import type { PendingBatch } from './pending-batch.js';
import type { ProducerIdentity } from './producer-identity.js';

/** See the head of this file. */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  identity: ProducerIdentity;
  /** Nothing is sent before this moment of the monotonic clock. */
  notBeforeMs = 0;
  /** Held back while its identity is renewed. */
  blocked = false;
  /** Held back while its leader is looked up. */
  searching = false;
  #nextSequence = 0;
  #waiting: PendingBatch[] = [];
  #inFlight: PendingBatch[] = [];
  #recovering = false;
  #isKnown: boolean;
  readonly #firstGoesAlone: boolean;
  #renewal: ProducerIdentity | undefined;
  #givenCount = 0;
  readonly #order = new WeakMap<PendingBatch, number>();

  constructor(topic: string, partition: number, identity: ProducerIdentity, firstGoesAlone: boolean) {
    this.#firstGoesAlone = firstGoesAlone;
    this.#isKnown = !firstGoesAlone;
    this.topic = topic;
    this.partition = partition;
    this.identity = identity;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#inFlight.length === 0;
  }

  get inFlightCount(): number {
    return this.#inFlight.length;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  get waiting(): readonly PendingBatch[] {
    return this.#waiting;
  }

  /** The oldest waiting batch, if it may be sent now. */
  sendable(maxInFlight: number): PendingBatch | undefined {
    const limit = this.#recovering || !this.#isKnown ? 1 : maxInFlight;
    return this.blocked || this.searching || this.#inFlight.length >= limit ? undefined : this.#waiting[0];
  }

  /** Takes a new batch, whose sequence number must be {@link nextSequence}. */
  add(batch: PendingBatch): void {
    this.#order.set(batch, this.#givenCount++);
    this.#waiting.push(batch);
    this.#nextSequence = incrementSequence(this.#nextSequence, batch.recordCount);
  }

  /** Moves the oldest waiting batch in flight. */
  sent(batch: PendingBatch): void {
    this.#waiting.shift();
    batch.attempts++;
    this.#inFlight.push(batch);
  }

  /** Notes that the broker has accepted a batch under the present identity. */
  acknowledged(batch: PendingBatch): void {
    if (batch.identity === this.identity) this.#isKnown = true;
    this.settle(batch);
  }

  /** Takes out a batch that was acknowledged, or has failed for good. */
  settle(batch: PendingBatch): void {
    this.#inFlight = this.#inFlight.filter((each) => each !== batch);
    if (this.#waiting.includes(batch)) this.#waiting = this.#waiting.filter((each) => each !== batch);
    this.#renewWhenQuiet();
    if (this.#inFlight.length === 0 && !this.#waiting.some(({ attempts }) => attempts > 0)) this.#recovering = false;
  }

  /** Puts a batch back to its place among the waiting ones, to be sent again. */
  putBack(batch: PendingBatch): void {
    this.#inFlight = this.#inFlight.filter((each) => each !== batch);
    const place = this.#waiting.findIndex((each) => this.#isBefore(batch, each));
    this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, batch);
    this.#recovering = true;
    this.#renewWhenQuiet();
  }

  /** Whether an older batch is still unacknowledged: then this one may well have come out of order. */
  hasOlder(batch: PendingBatch): boolean {
    return [...this.#inFlight, ...this.#waiting].some((each) => each !== batch && this.#isBefore(each, batch));
  }

  /** Closes the gap that a batch leaves which certainly never reached the log: younger batches move up. */
  closeGap(gone: PendingBatch): void {
    for (const batch of [...this.#inFlight, ...this.#waiting]) {
      if (batch !== gone && this.#isBefore(gone, batch)) {
        batch.sequence = decrementSequence(batch.sequence, gone.recordCount);
      }
    }
    this.#nextSequence = decrementSequence(this.#nextSequence, gone.recordCount);
  }

  /** Starts again under another identity as soon as nothing is in flight under the old one. */
  renew(identity: ProducerIdentity): void {
    this.#renewal = identity;
    this.#renewWhenQuiet();
  }

  /** Starts again at sequence 0 under another identity; what waits is numbered anew. Nothing may be in flight. */
  restart(identity: ProducerIdentity): void {
    this.identity = identity;
    this.#isKnown = !this.#firstGoesAlone;
    this.#nextSequence = 0;
    for (const batch of this.#waiting) {
      batch.identity = identity;
      batch.sequence = this.#nextSequence;
      this.#nextSequence = incrementSequence(this.#nextSequence, batch.recordCount);
    }
  }

  /** Takes out everything that waits. */
  takeWaiting(): PendingBatch[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  #renewWhenQuiet(): void {
    if (this.#renewal === undefined || this.#inFlight.length > 0) return;
    this.restart(this.#renewal);
    this.#renewal = undefined;
    this.blocked = false;
  }

  #isBefore(left: PendingBatch, right: PendingBatch): boolean {
    return (this.#order.get(left) ?? 0) < (this.#order.get(right) ?? 0);
  }
}
