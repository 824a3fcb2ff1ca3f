import type { Departure } from '@millrace/schemas';

/** A row as text, so that two sets of them can be compared. */
type Row = string;

/** What `airport_hourly` has to hold for these departures, sorted. */
export function airportHours(departures: readonly Departure[]): Row[] {
  const hours = grouped(departures, ({ origin, timeHour }) => `${origin} ${timeHour}`);
  return [...hours]
    .map(([key, flights]) => {
      const delays = flights.filter(({ departed }) => departed).map((flight) => flight.departureDelayMinutes ?? 0);
      const greatest = delays.length === 0 ? null : Math.max(...delays);
      return `${key} ${delays.length} ${flights.length - delays.length} ${sum(delays)} ${greatest}`;
    })
    .sort();
}

/** What `carrier_daily` has to hold for these departures, sorted. */
export function carrierDays(departures: readonly Departure[]): Row[] {
  const days = grouped(departures, ({ carrier, timeHour }) => `${carrier} ${timeHour.slice(0, 10)}`);
  return [...days]
    .map(([key, flights]) => {
      const cancelled = flights.filter(({ departed }) => !departed).length;
      return `${key} ${flights.length} ${cancelled} ${sum(flights.map((flight) => flight.arrivalDelayMinutes ?? 0))}`;
    })
    .sort();
}

/** What identifies a flight. */
export function flightId({ carrier, flight, origin, timeHour, minute }: Departure): string {
  return `${carrier} ${flight} ${origin} ${timeHour} ${minute}`;
}

function grouped(departures: readonly Departure[], keyOf: (flight: Departure) => string): Map<string, Departure[]> {
  return Map.groupBy(departures, keyOf);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
