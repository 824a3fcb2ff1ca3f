import { describe, expect, it } from '@jest/globals';
import type { AvroValueOf } from '../avro/avro-schema.js';
import type { Departure, departureSchema } from '../flights/departure.js';
import type { EnrichedFlight, enrichedFlightSchema } from '../flights/enriched.js';
import type { Aircraft, aircraftSchema } from '../reference/aircraft.js';
import type { Airport, airportSchema } from '../reference/airport.js';
import type { Carrier, carrierSchema } from '../reference/carrier.js';
import type { AirportHour, airportHourSchema } from '../totals/airport-hour.js';
import type { CarrierDay, carrierDaySchema } from '../totals/carrier-day.js';
import type { WeatherObservation, weatherObservationSchema } from '../weather/observation.js';
import type { JsonValueOf } from './json-schema.js';
import { compileSchema } from './validator.js';

type Flat<T> = { [Name in keyof T]: T[Name] };
type Same<Left, Right> =
  (<T>() => T extends Flat<Left> ? 1 : 2) extends <T>() => T extends Flat<Right> ? 1 : 2 ? true : false;

/** Each line compiles only as long as interface and schema say the same; `npm run typecheck` is what runs it. */
const typesEqualTheirSchemas = {
  departure: true satisfies Same<Departure, JsonValueOf<typeof departureSchema>>,
  enrichedFlight: true satisfies Same<EnrichedFlight, AvroValueOf<typeof enrichedFlightSchema>>,
  weatherObservation: true satisfies Same<WeatherObservation, JsonValueOf<typeof weatherObservationSchema>>,
  aircraft: true satisfies Same<Aircraft, JsonValueOf<typeof aircraftSchema>>,
  carrier: true satisfies Same<Carrier, JsonValueOf<typeof carrierSchema>>,
  airport: true satisfies Same<Airport, JsonValueOf<typeof airportSchema>>,
  airportHour: true satisfies Same<AirportHour, JsonValueOf<typeof airportHourSchema>>,
  carrierDay: true satisfies Same<CarrierDay, JsonValueOf<typeof carrierDaySchema>>,
};

const optional = {
  type: 'object',
  properties: { a: { type: 'integer' }, b: { enum: ['x', 'y'] } },
  required: ['a'],
} as const;
const typesFollowKeywords = [
  true satisfies Same<{ readonly a: number; readonly b?: 'x' | 'y' }, JsonValueOf<typeof optional>>,
  false satisfies Same<{ readonly a: number; readonly b: 'x' | 'y' }, JsonValueOf<typeof optional>>,
  false satisfies Same<{ readonly a: string; readonly b?: 'x' | 'y' }, JsonValueOf<typeof optional>>,
];

describe('the types of values', () => {
  it('equal what the schemas say', () => {
    expect(Object.values(typesEqualTheirSchemas)).not.toContain(false);
    expect(typesFollowKeywords).toEqual([true, false, false]);
    expect([{ a: 1 }, { a: 1, b: 'z' }].map((value) => compileSchema(optional).accepts(value))).toEqual([true, false]);
  });
});

describe('compileSchema', () => {
  it('refuses an unknown keyword and an unknown format when it compiles, not at the first value', () => {
    expect(() => compileSchema({ type: 'string', lenght: 5 })).toThrow(/unknown keyword/);
    expect(() => compileSchema({ type: 'string', format: 'moment' })).toThrow(/unknown format/);
  });
});
