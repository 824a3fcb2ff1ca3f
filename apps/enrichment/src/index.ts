export { ENRICHMENT_APP, EnrichmentModule, type EnrichmentModuleOptions } from './enrichment.module.js';
export { readEnrichmentConfig, type EnrichmentConfig, type EnrichmentSettings } from './config/enrichment-config.js';
export { FlightEnrichment } from './topologies/flight-enrichment.js';
