/** Token of the `IngestHttpConfig`. */
export const INGEST_HTTP_CONFIG = Symbol('ingest-http-config');
