export { eventually, type EventuallyOptions } from './eventually/eventually.js';
export {
  aCancelledDeparture,
  aDeparture,
  anObservation,
  type DepartureFixture,
  type ObservationFixture,
} from './builders/flights.js';
export { matchesGolden } from './golden/golden-file.js';
