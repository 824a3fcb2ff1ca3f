import type { RecordOptions } from './record-producer.js';

/** What {@link TrackedRecords} needs of the producer that it sends through. */
export interface TrackingProducer {
  /** As `RecordProducer.send`; hands over a promise of each batch that one of the records went into. */
  sendTracked(
    topic: string,
    key: Uint8Array | null,
    value: Uint8Array | null,
    options: RecordOptions,
    batches: Set<Promise<void>>,
  ): void;
  /** Sends everything that is under construction. */
  sendNow(): Promise<void>;
}

/**
 * The records of one caller among several of a producer: {@link acknowledged} tells whether these, and no others, are in the
 * log. A batch that holds records of several callers fails for all of them.
 */
export class TrackedRecords {
  readonly #producer: TrackingProducer;
  readonly #batches = new Set<Promise<void>>();

  constructor(producer: TrackingProducer) {
    this.#producer = producer;
  }

  /** As `RecordProducer.send`, with the same errors. */
  send(topic: string, key: Uint8Array | null, value: Uint8Array | null, options: RecordOptions = {}): void {
    this.#producer.sendTracked(topic, key, value, options, this.#batches);
  }

  /**
   * Sends what is under construction now and waits for the batches of these records.
   *
   * @throws the first failure among them, as `Producer.send`.
   */
  async acknowledged(): Promise<void> {
    await this.#producer.sendNow();
    await Promise.all(this.#batches);
    this.#batches.clear();
  }
}
