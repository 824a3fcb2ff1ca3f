export {
  AGGREGATION_APP,
  AggregationModule,
  aggregationPolicies,
  type AggregationModuleOptions,
} from './aggregation.module.js';
export { FlightTotals } from './topologies/flight-totals.js';
