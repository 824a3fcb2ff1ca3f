import { ArchiveSink, type ObjectStore } from '@millrace/archive';
import { InjectPolicy, StreamSink } from '@millrace/nest';
import type { ExecutionPolicy } from '@millrace/resilience';
import { topics, type EnrichedFlight } from '@millrace/schemas';
import { Inject } from '@nestjs/common';
import { OBJECT_MAX_AGE_MS, OBJECT_STORE, OBJECT_STORE_POLICY } from '../tokens.js';
import { flightColumns } from './flight-columns.js';

/** What the keys of all archived objects begin with. */
export const FLIGHTS_PREFIX = 'flights';

/** Archives `flights.enriched` as Parquet objects with a manifest that tiles the offsets. */
@StreamSink({ name: 'flight-archive', app: 'archival', topics: [topics.enriched] })
export class FlightArchive extends ArchiveSink<EnrichedFlight> {
  constructor(
    @Inject(OBJECT_STORE) store: ObjectStore,
    @InjectPolicy(OBJECT_STORE_POLICY) policy: ExecutionPolicy,
    @Inject(OBJECT_MAX_AGE_MS) maxAge: number,
  ) {
    super({ store, prefix: FLIGHTS_PREFIX, columns: flightColumns, maxAge, execute: (call) => policy.execute(call) });
  }
}
