/** A departure as `flights.departures` holds it, valid in every field. */
export interface DepartureFixture {
  readonly version: number;
  readonly carrier: string;
  readonly flight: number;
  readonly tailNumber: string | null;
  readonly origin: string;
  readonly dest: string;
  readonly scheduledAt: string;
  readonly timeHour: string;
  readonly minute: number;
  readonly departed: boolean;
  readonly departureDelayMinutes: number | null;
  readonly arrivalDelayMinutes: number | null;
  readonly airTimeMinutes: number | null;
  readonly distanceMiles: number;
}

/**
 * A valid departure. `scheduledAt` follows from `timeHour` and `minute` unless given.
 *
 * @example aDeparture({ origin: 'JFK', minute: 30 })
 */
export function aDeparture(overrides: Partial<DepartureFixture> = {}): DepartureFixture {
  const { timeHour = '2013-01-01T10:00:00Z', minute = 15 } = overrides;
  return {
    version: 1,
    carrier: 'UA',
    flight: 1545,
    tailNumber: 'N14228',
    origin: 'EWR',
    dest: 'IAH',
    scheduledAt: `${timeHour.slice(0, 13)}:${String(minute).padStart(2, '0')}:00Z`,
    timeHour,
    minute,
    departed: true,
    departureDelayMinutes: 2,
    arrivalDelayMinutes: 11,
    airTimeMinutes: 227,
    distanceMiles: 1400,
    ...overrides,
  };
}

/** A valid departure that was cancelled: no departure, no delays, no time in the air. */
export function aCancelledDeparture(overrides: Partial<DepartureFixture> = {}): DepartureFixture {
  return aDeparture({
    departed: false,
    departureDelayMinutes: null,
    arrivalDelayMinutes: null,
    airTimeMinutes: null,
    ...overrides,
  });
}

/** A weather observation as `weather.observations` holds it, with the measurements that the enrichment uses. */
export interface ObservationFixture {
  readonly version: number;
  readonly origin: string;
  readonly observedAt: string;
  readonly temperatureF: number | null;
  readonly windSpeedMph: number | null;
}

/** A valid observation at the origin and hour of {@link aDeparture}. */
export function anObservation(overrides: Partial<ObservationFixture> = {}): ObservationFixture {
  return {
    version: 1,
    origin: 'EWR',
    observedAt: '2013-01-01T10:00:00Z',
    temperatureF: 39.02,
    windSpeedMph: 12.65858,
    ...overrides,
  };
}
