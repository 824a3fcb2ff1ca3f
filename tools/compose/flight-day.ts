import { aCancelledDeparture, aDeparture, anObservation } from '@millrace/testing';

const ORIGINS = ['EWR', 'JFK', 'LGA'] as const;
const CARRIERS = ['UA', 'B6', 'DL'] as const;
const FLIGHTS_AN_HOUR = 4;

/** What the contract asks for besides the measurements that the enrichment uses. */
const NOT_MEASURED = {
  dewPointF: null,
  humidityPercent: null,
  windDirectionDegrees: null,
  windGustMph: null,
  precipitationInches: null,
  pressureMillibars: null,
  visibilityMiles: null,
};

/** Events that are sent together. */
export interface FlightEvents {
  readonly weather: readonly object[];
  readonly departures: readonly object[];
}

/** Hours that are sent together. */
const HOURS_A_PART = 4;

/** A day's events in six parts, in order of time; every flight has weather, so that it is enriched without waiting. */
export function flightDay(date: string): FlightEvents[] {
  const hours = Array.from({ length: 24 }, (_, hour) => eventsOf(date, hour));
  return Array.from({ length: 24 / HOURS_A_PART }, (_, part) => {
    const own = hours.slice(part * HOURS_A_PART, (part + 1) * HOURS_A_PART);
    return { weather: own.flatMap(({ weather }) => weather), departures: own.flatMap(({ departures }) => departures) };
  });
}

function eventsOf(date: string, hour: number): FlightEvents {
  const timeHour = `${date}T${String(hour).padStart(2, '0')}:00:00Z`;
  const weather = { ...NOT_MEASURED, observedAt: timeHour, temperatureF: 30 + hour };
  return {
    weather: ORIGINS.map((origin) => ({ ...anObservation({ origin }), ...weather })),
    departures: ORIGINS.flatMap((origin, at) =>
      Array.from({ length: FLIGHTS_AN_HOUR }, (_, nth) => {
        const flight = { origin, timeHour, minute: nth * 10, flight: 100 + nth, carrier: CARRIERS[(at + nth) % 3]! };
        const delay = ((hour * 7 + nth * 5 + at) % 40) - 5;
        return nth === 3 && hour % 6 === 0
          ? aCancelledDeparture(flight)
          : aDeparture({ ...flight, departureDelayMinutes: delay, arrivalDelayMinutes: delay + 1 });
      }),
    ),
  };
}
