import { TransientError } from '@millrace/kernel';
import type { EventDestinationOptions } from '../src/publish/event-destination.js';
import type { RequestDestination } from '../src/publish/event-gateway.js';

/** A record that was sent. */
export interface RecordedEvent extends EventDestinationOptions {
  readonly topic: string;
  readonly key: string | undefined;
  readonly value: unknown;
}

/** Keeps what is sent, and does as badly as a test wants. */
export class RecordedDestination implements RequestDestination {
  readonly events: RecordedEvent[] = [];
  /** So many events fit before an acknowledgement makes room. */
  capacity = Infinity;
  /** Whether `acknowledged` ever ends. */
  acknowledges = true;
  #waiting = 0;

  send(topic: string, key: Uint8Array | null, value: Uint8Array | null, options: EventDestinationOptions): void {
    if (this.#waiting >= this.capacity) {
      throw new TransientError('MR_BROKER_RETRIABLE', 'the buffer is full', { retryAfterMs: 2_500 });
    }
    this.#waiting++;
    const text = value === null ? 'null' : Buffer.from(value).toString();
    this.events.push({
      topic,
      key: key === null ? undefined : Buffer.from(key).toString(),
      value: JSON.parse(text),
      ...options,
    });
  }

  /** The same for every request. */
  open(): this {
    return this;
  }

  acknowledged(): Promise<void> {
    if (!this.acknowledges) return new Promise(() => undefined);
    this.#waiting = 0;
    return Promise.resolve();
  }
}
