export { eventually, type EventuallyOptions } from './eventually/eventually.js';
export {
  aCancelledDeparture,
  aDeparture,
  anObservation,
  type DepartureFixture,
  type ObservationFixture,
} from './builders/flights.js';
export { metricSum } from './metrics/metric-sum.js';
export { matchesGolden } from './golden/golden-file.js';
export { DeliveryLedger } from './ledger/delivery-ledger.js';
export { LEDGER_FILE_VARIABLE, ledgerTable, readLedgerRows, type LedgerRow } from './ledger/ledger-table.js';
export { ProcessUnderTest } from './process/process-under-test.js';
export { HttpProxy, type HttpFault, type ProxiedExchange, type ProxiedRequest } from './faults/http-proxy.js';
export { PostgresProxy } from './faults/postgres-proxy.js';
