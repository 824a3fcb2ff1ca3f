import type { Aircraft, Airport, Carrier, Departure, EnrichedFlight, WeatherObservation } from '@millrace/schemas';

/** A departure with what the reference tables know about it; the weather is still to come. */
export type FlightBeforeWeather = Omit<EnrichedFlight, 'temperatureF' | 'windSpeedMph'>;

/** A departure with the model of its aircraft, null where the register does not have it. */
export function withAircraft(departure: Departure, aircraft: Aircraft | null): FlightBeforeWeather {
  return {
    carrier: departure.carrier,
    flight: departure.flight,
    tailNumber: departure.tailNumber,
    origin: departure.origin,
    dest: departure.dest,
    scheduledAt: departure.scheduledAt,
    timeHour: departure.timeHour,
    minute: departure.minute,
    departed: departure.departed,
    departureDelayMinutes: departure.departureDelayMinutes,
    arrivalDelayMinutes: departure.arrivalDelayMinutes,
    airTimeMinutes: departure.airTimeMinutes,
    distanceMiles: departure.distanceMiles,
    aircraftModel: aircraft?.model ?? null,
    carrierName: null,
    destName: null,
  };
}

/** The flight with its airline's name. */
export function withCarrier(flight: FlightBeforeWeather, carrier: Carrier | null): FlightBeforeWeather {
  return carrier === null ? flight : { ...flight, carrierName: carrier.name };
}

/** The flight with its destination's name. */
export function withDestination(flight: FlightBeforeWeather, airport: Airport | null): FlightBeforeWeather {
  return airport === null ? flight : { ...flight, destName: airport.name };
}

/** The flight with the weather at its origin in its hour; nulls where nobody observed it. */
export function withWeather(flight: FlightBeforeWeather, weather: WeatherObservation | null): EnrichedFlight {
  return { ...flight, temperatureF: weather?.temperatureF ?? null, windSpeedMph: weather?.windSpeedMph ?? null };
}
