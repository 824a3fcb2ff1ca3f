/** The fields of an enriched flight that a carrier's day is made of. */
export interface DailyFlight {
  readonly departed: boolean;
  readonly arrivalDelayMinutes: number | null;
}

/** What a carrier flew on one day, by UTC. */
export interface CarrierDayTotals {
  /** All flights, cancelled ones included. */
  readonly flights: number;
  /** Flights without a departure time. */
  readonly cancelled: number;
  /** Over flights with a known arrival delay, in minutes; early ones count below zero. */
  readonly arrivalDelaySumMinutes: number;
}

/** A day before its first flight. */
export const EMPTY_CARRIER_DAY: CarrierDayTotals = { flights: 0, cancelled: 0, arrivalDelaySumMinutes: 0 };

/** The day with one more flight. Neither argument is changed; the order of flights does not matter. */
export function addToCarrierDay(day: CarrierDayTotals, flight: DailyFlight): CarrierDayTotals {
  return {
    flights: day.flights + 1,
    cancelled: flight.departed ? day.cancelled : day.cancelled + 1,
    arrivalDelaySumMinutes: day.arrivalDelaySumMinutes + (flight.arrivalDelayMinutes ?? 0),
  };
}
