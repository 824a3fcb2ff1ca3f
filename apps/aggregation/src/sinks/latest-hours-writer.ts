import type { SinkBatch, SinkWriter } from '@millrace/streams';
import type { AirportHour } from '@millrace/schemas';
import type { LatestHours } from '../airports/latest-hours.js';

/**
 * Puts the latest hour of each airport into the cache once the writer behind it has made it durable. The cache never makes a
 * write fail, and nothing is right only because the cache has it.
 */
export class LatestHoursWriter implements SinkWriter {
  readonly #durable: SinkWriter;
  readonly #latest: LatestHours;

  constructor(durable: SinkWriter, latest: LatestHours) {
    this.#durable = durable;
    this.#latest = latest;
  }

  open(...arguments_: Parameters<SinkWriter['open']>): ReturnType<SinkWriter['open']> {
    return this.#durable.open(...arguments_);
  }

  async write(batch: SinkBatch): Promise<void> {
    await this.#durable.write(batch);
    const totals = batch.records.flatMap(({ value }) => (value === null ? [] : [value as AirportHour]));
    await this.#latest.offer(totals);
  }

  async flush(): Promise<void> {
    await this.#durable.flush?.();
  }

  close(...arguments_: Parameters<SinkWriter['close']>): Promise<void> {
    return this.#durable.close(...arguments_);
  }

  durableOffset(...arguments_: Parameters<SinkWriter['durableOffset']>): number | undefined {
    return this.#durable.durableOffset(...arguments_);
  }
}
