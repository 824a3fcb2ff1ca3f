import { Module, type DynamicModule } from '@nestjs/common';
import { StreamsModule, type StreamsModuleOptions } from '@millrace/nest';
import { ENRICHMENT_SETTINGS, type EnrichmentSettings } from './config/enrichment-config.js';
import { FlightEnrichment } from './topologies/flight-enrichment.js';

/** Name of the application: group, prefix of internal topics, name of its handle. */
export const ENRICHMENT_APP = 'enrichment';

/** What enrichment needs from its surroundings. */
export interface EnrichmentModuleOptions extends EnrichmentSettings {
  readonly streams: Omit<StreamsModuleOptions, 'applicationId'>;
}

/** Runs the topology that joins departures with reference tables and weather. */
@Module({})
export class EnrichmentModule {
  static forRoot({ streams, ...settings }: EnrichmentModuleOptions): DynamicModule {
    return {
      module: EnrichmentModule,
      imports: [
        StreamsModule.forRoot({ ...streams, applicationId: ENRICHMENT_APP }, ENRICHMENT_APP),
        StreamsModule.forFeature({
          topologies: [FlightEnrichment],
          providers: [{ provide: ENRICHMENT_SETTINGS, useValue: settings }],
        }),
      ],
    };
  }
}
