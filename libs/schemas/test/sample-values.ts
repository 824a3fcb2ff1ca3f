import type {
  Aircraft,
  Airport,
  AirportHour,
  Carrier,
  CarrierDay,
  Departure,
  EnrichedFlight,
  WeatherObservation,
} from '../src/index.js';

/** A departure that keeps its contract, changed as a test needs it. */
export function departure(changes: Partial<Departure> = {}): Departure {
  return {
    version: 1,
    carrier: 'UA',
    flight: 1545,
    tailNumber: 'N14228',
    origin: 'EWR',
    dest: 'IAH',
    scheduledAt: '2013-01-01T10:15:00Z',
    timeHour: '2013-01-01T10:00:00Z',
    minute: 15,
    departed: true,
    departureDelayMinutes: 2,
    arrivalDelayMinutes: 11,
    airTimeMinutes: 227,
    distanceMiles: 1400,
    ...changes,
  };
}

/** The departure above with all that can be known about it. */
export function enrichedFlight(changes: Partial<EnrichedFlight> = {}): EnrichedFlight {
  const { version: _version, ...flight } = departure();
  return {
    ...flight,
    aircraftModel: '737-824',
    carrierName: 'United Air Lines Inc.',
    destName: 'George Bush Intercontinental',
    temperatureF: 39.02,
    windSpeedMph: 10.357019999999999,
    ...changes,
  };
}

const observation: WeatherObservation = {
  version: 1,
  origin: 'EWR',
  observedAt: '2013-01-01T10:00:00Z',
  temperatureF: 39.02,
  dewPointF: 26.06,
  humidityPercent: 59.37,
  windDirectionDegrees: 270,
  windSpeedMph: 10.357019999999999,
  windGustMph: null,
  precipitationInches: 0,
  pressureMillibars: 1012,
  visibilityMiles: 10,
};

const aircraft: Aircraft = {
  version: 1,
  tailNumber: 'N14228',
  yearBuilt: 1999,
  type: 'Fixed wing multi engine',
  manufacturer: 'BOEING',
  model: '737-824',
  engines: 2,
  seats: 149,
  engineType: 'Turbo-fan',
};

const carrier: Carrier = { version: 1, carrier: 'UA', name: 'United Air Lines Inc.' };

const airport: Airport = {
  version: 1,
  faa: 'IAH',
  name: 'George Bush Intercontinental',
  latitude: 29.984433,
  longitude: -95.341442,
  altitudeFeet: 97,
  timeZone: 'America/Chicago',
};

const airportHour: AirportHour = {
  version: 1,
  origin: 'EWR',
  hour: '2013-01-01T10:00:00Z',
  departures: 3,
  cancelled: 1,
  delaySumMinutes: -4,
  delayMaxMinutes: 2,
};

const carrierDay: CarrierDay = {
  version: 1,
  carrier: 'UA',
  date: '2013-01-01',
  flights: 165,
  cancelled: 3,
  arrivalDelaySumMinutes: 812,
};

/** A value of each topic that keeps its contract. */
export const sampleValues: Readonly<Record<string, object>> = {
  'flights.departures': departure(),
  'weather.observations': observation,
  'reference.aircraft': aircraft,
  'reference.carriers': carrier,
  'reference.airports': airport,
  'flights.enriched': enrichedFlight(),
  'airport.hourly': airportHour,
  'carrier.daily': carrierDay,
};
