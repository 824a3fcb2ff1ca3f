import { KEPT } from '../contract/creation.js';
import { jsonContract } from '../contract/json-contract.js';
import { AIRPORT } from '../flights/vocabulary.js';
import { UTC_HOUR } from '../json-schema/formats.js';
import { textKey } from '../key/text-key.js';
import { utcTimeMs } from '../time/utc-time.js';

/** What the sensors of an airport measured in an hour: `weather.observations`. Null where a sensor gave nothing. */
export interface WeatherObservation {
  readonly version: 1;
  readonly origin: string;
  /** The hour: `YYYY-MM-DDTHH:00:00Z`; the event time. */
  readonly observedAt: string;
  readonly temperatureF: number | null;
  readonly dewPointF: number | null;
  readonly humidityPercent: number | null;
  readonly windDirectionDegrees: number | null;
  readonly windSpeedMph: number | null;
  readonly windGustMph: number | null;
  readonly precipitationInches: number | null;
  readonly pressureMillibars: number | null;
  readonly visibilityMiles: number | null;
}

/** Sensors fail with wild figures (a wind of 1,048 mph is in the data); the contract passes on what was measured. */
const MEASURED = { type: ['number', 'null'] } as const;

/** JSON Schema of {@link WeatherObservation}. */
export const weatherObservationSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'WeatherObservation',
  type: 'object',
  properties: {
    version: { type: 'integer', const: 1 },
    origin: AIRPORT,
    observedAt: UTC_HOUR,
    temperatureF: MEASURED,
    dewPointF: MEASURED,
    humidityPercent: MEASURED,
    windDirectionDegrees: MEASURED,
    windSpeedMph: MEASURED,
    windGustMph: MEASURED,
    precipitationInches: MEASURED,
    pressureMillibars: MEASURED,
    visibilityMiles: MEASURED,
  },
  required: [
    'version',
    'origin',
    'observedAt',
    'temperatureF',
    'dewPointF',
    'humidityPercent',
    'windDirectionDegrees',
    'windSpeedMph',
    'windGustMph',
    'precipitationInches',
    'pressureMillibars',
    'visibilityMiles',
  ],
  additionalProperties: false,
} as const;

/** `weather.observations`: the sensors' events, keyed by airport. */
export const weather = jsonContract<string, WeatherObservation>({
  name: 'weather.observations',
  key: textKey,
  versions: [{ version: 1, schema: weatherObservationSchema }],
  creation: KEPT,
  keyOf: ({ origin }) => origin,
  timestampMsOf: ({ observedAt }) => utcTimeMs(observedAt),
});
