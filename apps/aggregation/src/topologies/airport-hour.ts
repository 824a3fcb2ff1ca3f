/** The fields of an enriched flight that an airport's hour is made of. */
export interface HourlyFlight {
  readonly departed: boolean;
  readonly departureDelayMinutes: number | null;
}

/** What happened at an airport in one scheduled hour. */
export interface AirportHourTotals {
  /** Flights with a departure time. */
  readonly departures: number;
  /** Flights without. */
  readonly cancelled: number;
  /** Over departures, in minutes; early ones count below zero. */
  readonly delaySumMinutes: number;
  /** The greatest delay of a departure, in minutes; null while there is none. */
  readonly delayMaxMinutes: number | null;
}

/** An hour before its first flight. */
export const EMPTY_AIRPORT_HOUR: AirportHourTotals = {
  departures: 0,
  cancelled: 0,
  delaySumMinutes: 0,
  delayMaxMinutes: null,
};

/** The hour with one more flight. Neither argument is changed; the order of flights does not matter. */
export function addToAirportHour(hour: AirportHourTotals, flight: HourlyFlight): AirportHourTotals {
  if (!flight.departed) return { ...hour, cancelled: hour.cancelled + 1 };
  const delay = flight.departureDelayMinutes ?? 0;
  return {
    departures: hour.departures + 1,
    cancelled: hour.cancelled,
    delaySumMinutes: hour.delaySumMinutes + delay,
    delayMaxMinutes: hour.delayMaxMinutes === null ? delay : Math.max(hour.delayMaxMinutes, delay),
  };
}
