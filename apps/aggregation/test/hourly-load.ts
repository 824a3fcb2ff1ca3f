import { setTimeout as pause } from 'node:timers/promises';
import { Producer, type Cluster } from '@millrace/client';
import { RecordBatchBuilder } from '@millrace/protocol';
import { formatUtcTime, topics, utcTimeMs, type AirportHour } from '@millrace/schemas';
import type { DeliveryLedger } from '@millrace/testing';

/** Hours that an airport of the load has: all of January 2013 but its last day. */
export const HOURS_OF_AIRPORT = 720;
const FIRST_HOUR_MS = utcTimeMs('2013-01-01T00:00:00Z');
const MS_AN_HOUR = 3_600_000;
const BATCH_RECORDS = 40;
const PACE_MS = 20;

/** The total with a number: its key is that of no other one, and its `departures` is the number. */
export function numberedHour(nth: number): AirportHour {
  const origin = Math.floor(nth / HOURS_OF_AIRPORT)
    .toString(36)
    .toUpperCase()
    .padStart(3, '0');
  const hour = formatUtcTime(FIRST_HOUR_MS + (nth % HOURS_OF_AIRPORT) * MS_AN_HOUR);
  return { version: 1, origin, hour, departures: nth, cancelled: 0, delaySumMinutes: 0, delayMaxMinutes: 0 };
}

/** Sends numbered hours to `airport.hourly`, at a steady pace and in order, until it is stopped. */
export class HourlyLoad {
  readonly #producer: Producer;
  readonly #ledger: DeliveryLedger;
  readonly #partitions: number;
  readonly #running: Promise<void>;
  #isStopping = false;
  #next: number;

  private constructor(producer: Producer, ledger: DeliveryLedger, partitions: number, first: number) {
    this.#producer = producer;
    this.#ledger = ledger;
    this.#partitions = partitions;
    this.#next = first;
    this.#running = this.#run();
    // Told by `stop`.
    this.#running.catch(() => undefined);
  }

  /** @param first Number of the first total. */
  static async start(
    cluster: Cluster,
    ledger: DeliveryLedger,
    { partitions, first }: { readonly partitions: number; readonly first: number },
  ): Promise<HourlyLoad> {
    const producer = new Producer(cluster);
    await producer.start();
    return new HourlyLoad(producer, ledger, partitions, first);
  }

  /** How many records the brokers have acknowledged. */
  get acknowledged(): number {
    return this.#ledger.acknowledgedIds.size;
  }

  /** @throws what kept it from sending. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
    await this.#producer.stop();
  }

  async #run(): Promise<void> {
    const { airportHourly } = topics;
    for (let turn = 0; !this.#isStopping; turn++) {
      const batch = new RecordBatchBuilder();
      const ids: string[] = [];
      for (let nth = 0; nth < BATCH_RECORDS; nth++) {
        const total = numberedHour(this.#next);
        const timestampMs = airportHourly.timestampMsOf(total);
        batch.append(timestampMs, airportHourly.key.serialize(total), airportHourly.value.serialize(total));
        ids.push(String(this.#next++));
      }
      this.#ledger.sent(...ids);
      await this.#producer.send(airportHourly.name, turn % this.#partitions, batch);
      this.#ledger.acknowledged(...ids);
      await pause(PACE_MS);
    }
  }
}
