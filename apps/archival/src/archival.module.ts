import { Module, type DynamicModule } from '@nestjs/common';
import type { ObjectStore } from '@millrace/archive';
import { StreamsModule, type StreamsModuleOptions } from '@millrace/nest';
import type { PolicyOptions } from '@millrace/resilience';
import { FlightArchive } from './sinks/flight-archive.js';
import { DEFAULT_OBJECT_MAX_AGE_MS, OBJECT_MAX_AGE_MS, OBJECT_STORE, OBJECT_STORE_POLICY } from './tokens.js';

/** Name of the application: of its handle and of the group of its sink. */
export const ARCHIVAL_APP = 'archival';

/** What archival needs from its surroundings. The root module also imports `PoliciesModule` with {@link archivalPolicies}. */
export interface ArchivalModuleOptions {
  readonly streams: Omit<StreamsModuleOptions, 'applicationId'>;
  readonly store: ObjectStore;
  /** After how many milliseconds an object is finished though it is not full. Default 5 minutes. */
  readonly maxAgeMs?: number;
}

/** What stands around each call to the object store. A call that is given up is made again by the sink, later. */
export const archivalPolicies: Readonly<Record<typeof OBJECT_STORE_POLICY, PolicyOptions>> = {
  [OBJECT_STORE_POLICY]: {
    timeout: '30s',
    retry: { attempts: 4, backoffBase: '200ms', backoffMax: '5s' },
    breaker: { consecutiveFailures: 5, halfOpenAfter: '10s' },
  },
};

/** Runs the sink that archives enriched flights. */
@Module({})
export class ArchivalModule {
  static forRoot({ streams, store, maxAgeMs = DEFAULT_OBJECT_MAX_AGE_MS }: ArchivalModuleOptions): DynamicModule {
    return {
      module: ArchivalModule,
      imports: [
        StreamsModule.forRoot({ ...streams, applicationId: ARCHIVAL_APP }, ARCHIVAL_APP),
        StreamsModule.forFeature({
          sinks: [FlightArchive],
          providers: [
            { provide: OBJECT_STORE, useValue: store },
            { provide: OBJECT_MAX_AGE_MS, useValue: maxAgeMs },
          ],
        }),
      ],
    };
  }
}
