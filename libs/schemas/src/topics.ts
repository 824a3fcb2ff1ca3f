import type { Contract } from './contract/contract.js';
import { departures } from './flights/departure.js';
import { enriched } from './flights/enriched.js';
import { aircraft } from './reference/aircraft.js';
import { airports } from './reference/airport.js';
import { carriers } from './reference/carrier.js';
import { airportHourly } from './totals/airport-hour.js';
import { carrierDaily } from './totals/carrier-day.js';
import { weather } from './weather/observation.js';

/** The contracts of all topics of the pipeline; a topology names its sources and sinks with them. */
export const topics = {
  departures,
  weather,
  aircraft,
  carriers,
  airports,
  enriched,
  airportHourly,
  carrierDaily,
} as const;

const BY_NAME: ReadonlyMap<string, Contract<unknown, unknown>> = new Map(
  Object.values<Contract<unknown, unknown>>(topics).map((contract) => [contract.name, contract]),
);

/** All contracts, in the order of {@link topics}. */
export function allContracts(): readonly Contract<unknown, unknown>[] {
  return [...BY_NAME.values()];
}

/** The contract of a topic by its Kafka name, or `undefined` when there is none. */
export function contractOf(topicName: string): Contract<unknown, unknown> | undefined {
  return BY_NAME.get(topicName);
}
