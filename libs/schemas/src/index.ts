export { allContracts, contractOf, topics } from './topics.js';
export type { Contract, ContractFormat, ContractVersion, TopicCreation } from './contract/contract.js';
export { describeFieldErrors, type FieldError } from './contract/field-error.js';
export { DEFAULT_PARTITIONS } from './contract/creation.js';
export { jsonContract, type JsonContractOptions, type JsonContractVersion } from './contract/json-contract.js';
export { avroContract, type AvroContractOptions, type AvroContractVersion } from './avro/avro-contract.js';
export type { AvroField, AvroFieldType, AvroPrimitive, AvroRecordSchema, AvroValueOf } from './avro/avro-schema.js';
export type { JsonSchema, JsonType, JsonValueOf } from './json-schema/json-schema.js';
export {
  checkCompatibility,
  type ComparableSchema,
  type CompatibilityMode,
  type CompatibilityProblem,
} from './compatibility/compatibility.js';
export { valueSubject, type ContractRegistry, type RegisteredSchema } from './registry/contract-registry.js';
export { HttpContractRegistry, type HttpContractRegistryOptions } from './registry/http-contract-registry.js';
export { InProcessContractRegistry, type InProcessContractRegistryOptions } from './registry/in-process-registry.js';
export { schemaIdOf } from './registry/schema-id.js';
export { textKey } from './key/text-key.js';
export { pairKey } from './key/pair-key.js';
export { deadLetterTopic } from './dead-letter/dead-letter-topic.js';
export { deadLettersOf, type DeadLetterContract } from './dead-letter/dead-letter-contract.js';
export {
  DEAD_LETTER_HEADERS,
  deadLetterHeaders,
  readDeadLetterReason,
  type DeadLetterReason,
} from './dead-letter/dead-letter-headers.js';
export { formatUtcTime, utcDateMs, utcTimeMs } from './time/utc-time.js';
export { departureSchema, type Departure } from './flights/departure.js';
export { enrichedFlightSchema, type EnrichedFlight } from './flights/enriched.js';
export { weatherObservationSchema, type WeatherObservation } from './weather/observation.js';
export { aircraftSchema, type Aircraft } from './reference/aircraft.js';
export { carrierSchema, type Carrier } from './reference/carrier.js';
export { airportSchema, type Airport } from './reference/airport.js';
export { REFERENCE_TIME_MS } from './reference/reference-time.js';
export { airportHourKey, airportHourSchema, type AirportHour, type AirportHourKey } from './totals/airport-hour.js';
export { carrierDayKey, carrierDaySchema, type CarrierDay, type CarrierDayKey } from './totals/carrier-day.js';
