import { InjectPolicy, StreamSink } from '@millrace/nest';
import { IdempotentBatchWriter } from '@millrace/postgres';
import type { ExecutionPolicy } from '@millrace/resilience';
import { topics } from '@millrace/schemas';
import { DataSource } from 'typeorm';
import { LatestHours } from '../airports/latest-hours.js';
import { POSTGRES_POLICY } from '../tokens.js';
import { airportHourlyTable } from './airport-hourly-table.js';
import { LatestHoursWriter } from './latest-hours-writer.js';

/** `airport.hourly` → the table `airport_hourly`, then the latest hour of each airport → the cache. */
@StreamSink({ name: 'airport-hourly-sink', app: 'aggregation', topics: [topics.airportHourly] })
export class AirportHourlySink extends LatestHoursWriter {
  constructor(dataSource: DataSource, latest: LatestHours, @InjectPolicy(POSTGRES_POLICY) policy: ExecutionPolicy) {
    const durable = new IdempotentBatchWriter({
      dataSource,
      sink: 'airport-hourly',
      table: airportHourlyTable,
      execute: (call) => policy.execute(call),
    });
    super(durable, latest);
  }
}
