export { readIngestConfig, type IngestConfig, type IngestHttpConfig } from './config/ingest-config.js';
export { configureIngestHttp } from './http/configure-ingest-http.js';
export { IngestModule, type IngestModuleOptions } from './ingest.module.js';
export type { EventDestination, EventDestinationOptions } from './publish/event-destination.js';
export { EventPublisher } from './publish/event-publisher.js';
export { INGESTED_AT_HEADER, IngestStamp } from './publish/ingest-stamp.js';
