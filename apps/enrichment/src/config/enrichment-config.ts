/** Token of the {@link EnrichmentConfig}. */
export const ENRICHMENT_CONFIG = Symbol('enrichment-config');
