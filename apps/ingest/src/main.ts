import 'reflect-metadata';
import { runService } from '@millrace/nest';
import { readIngestConfig } from './config/ingest-config.js';
import { configureIngestHttp } from './http/configure-ingest-http.js';
import { IngestModule } from './ingest.module.js';

await runService(() => {
  const { brokers, host, port, ...http } = readIngestConfig(process.env);
  return {
    name: 'ingest',
    host,
    port,
    logLevel: 'info',
    imports: [IngestModule.forRoot({ cluster: { bootstrap: brokers }, http })],
    configure: (app) => configureIngestHttp(app, http),
  };
});
