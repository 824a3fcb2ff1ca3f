import { Module, type DynamicModule } from '@nestjs/common';
import type { ClusterOptions } from '@millrace/client';
import { SystemClock } from '@millrace/kernel';
import type { IngestHttpConfig } from './config/ingest-config.js';
import { EventsController } from './http/events.controller.js';
import { EventGateway } from './publish/event-gateway.js';
import { GatewayProducer } from './publish/gateway-producer.js';
import { INGEST_HTTP_CONFIG } from './tokens.js';

/** What ingest needs from its surroundings. */
export interface IngestModuleOptions {
  readonly cluster: Omit<ClusterOptions, 'clientId'>;
  readonly http: IngestHttpConfig;
}

/** The gateway for events from outside. The application calls `configureIngestHttp` too. */
@Module({})
export class IngestModule {
  static forRoot({ cluster, http }: IngestModuleOptions): DynamicModule {
    return {
      module: IngestModule,
      controllers: [EventsController],
      providers: [
        { provide: INGEST_HTTP_CONFIG, useValue: http },
        { provide: GatewayProducer, useFactory: () => new GatewayProducer({ ...cluster, clientId: 'ingest' }) },
        {
          provide: EventGateway,
          inject: [GatewayProducer],
          useFactory: (producer: GatewayProducer) =>
            new EventGateway({
              open: () => producer.open(),
              clock: cluster.clock ?? new SystemClock(),
              ackTimeoutMs: http.ackTimeoutMs,
            }),
        },
      ],
    };
  }
}
