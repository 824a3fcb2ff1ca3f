import { InjectPolicy, StreamSink } from '@millrace/nest';
import { IdempotentBatchWriter } from '@millrace/postgres';
import type { ExecutionPolicy } from '@millrace/resilience';
import { topics, type CarrierDay, type CarrierDayKey } from '@millrace/schemas';
import { DataSource } from 'typeorm';
import { POSTGRES_POLICY } from '../tokens.js';
import { carrierDailyTable } from './carrier-daily-table.js';

/** `carrier.daily` → the table `carrier_daily`. */
@StreamSink({ name: 'carrier-daily-sink', app: 'aggregation', topics: [topics.carrierDaily] })
export class CarrierDailySink extends IdempotentBatchWriter<CarrierDayKey, CarrierDay> {
  constructor(dataSource: DataSource, @InjectPolicy(POSTGRES_POLICY) policy: ExecutionPolicy) {
    super({
      dataSource,
      sink: 'carrier-daily',
      table: carrierDailyTable,
      execute: (call) => policy.execute(call),
    });
  }
}
