import { Module, type DynamicModule } from '@nestjs/common';
import { AggregationModule, aggregationPolicies } from '@millrace/app-aggregation';
import { ArchivalModule, archivalPolicies } from '@millrace/app-archival';
import { EnrichmentModule } from '@millrace/app-enrichment';
import { IngestModule, type IngestHttpConfig } from '@millrace/app-ingest';
import type { ObjectStore } from '@millrace/archive';
import type { Cache } from '@millrace/cache';
import type { ClusterOptions } from '@millrace/client';
import { PoliciesModule, StreamsHealth, StreamsHealthIndicatorModule } from '@millrace/nest';
import { HealthModule, ObservabilityModule } from '@millrace/observability';
import type { DataSourceSettings } from '@millrace/postgres';
import type { Logger } from 'pino';

/** What the four apps need from the process around them. */
export interface PipelineOptions {
  readonly cluster: Omit<ClusterOptions, 'clientId' | 'clock' | 'random'>;
  readonly postgres: DataSourceSettings;
  readonly cache: Cache;
  readonly store: ObjectStore;
  readonly ingest: IngestHttpConfig;
  readonly logger: Logger;
  /** Whether no more input is about to come, so that idle tasks may close their last windows. */
  readonly mayAdvanceIdle: () => boolean;
}

/** One process runs each app: after a restart it takes back its tasks at once, without waiting for time-outs. */
const INSTANCE_ID = 'standalone';

/** How long all input must have been idle; short, since it only counts once the replay is over. */
const IDLE_ADVANCE_AFTER_MS = 300;

/** The four apps in one Nest application. */
@Module({})
export class PipelineModule {
  static forRoot(options: PipelineOptions): DynamicModule {
    const { cluster, postgres, cache, store, ingest, logger, mayAdvanceIdle } = options;
    const streams = { cluster, instanceId: INSTANCE_ID, mayAdvanceIdle };
    return {
      module: PipelineModule,
      imports: [
        ObservabilityModule.forRoot({ service: 'standalone', logger }),
        HealthModule.forRoot({ indicators: [StreamsHealth], imports: [StreamsHealthIndicatorModule] }),
        PoliciesModule.forRoot({ policies: { ...aggregationPolicies, ...archivalPolicies } }),
        IngestModule.forRoot({ cluster, http: ingest }),
        EnrichmentModule.forRoot({ streams, idleAdvanceAfterMs: IDLE_ADVANCE_AFTER_MS }),
        AggregationModule.forRoot({ streams, postgres, cache }),
        ArchivalModule.forRoot({ streams, store }),
      ],
    };
  }
}
