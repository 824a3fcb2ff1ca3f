import 'reflect-metadata';
import { runService } from '@millrace/nest';
import { readEnrichmentConfig } from './config/enrichment-config.js';
import { EnrichmentModule } from './enrichment.module.js';

await runService(() => {
  const { brokers, instanceId, threads, host, port, logLevel, idleAdvanceAfterMs } = readEnrichmentConfig(process.env);
  const streams = { cluster: { bootstrap: brokers }, threads, ...(instanceId === undefined ? {} : { instanceId }) };
  return {
    name: 'enrichment',
    host,
    port,
    logLevel,
    imports: [EnrichmentModule.forRoot({ streams, idleAdvanceAfterMs })],
  };
});
