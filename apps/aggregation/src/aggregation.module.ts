import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Cache } from '@millrace/cache';
import { StreamsModule, type StreamsModuleOptions } from '@millrace/nest';
import { createDataSource, runMigrations, type DataSourceSettings } from '@millrace/postgres';
import type { PolicyOptions } from '@millrace/resilience';
import { AirportHours } from './airports/airport-hours.js';
import { LatestHours } from './airports/latest-hours.js';
import { AirportsController } from './http/airports.controller.js';
import { AirportHourlySink } from './sinks/airport-hourly.sink.js';
import { CarrierDailySink } from './sinks/carrier-daily.sink.js';
import { LATEST_HOURS_CACHE, POSTGRES_POLICY } from './tokens.js';
import { FlightTotals } from './topologies/flight-totals.js';

/** Name of the application: group, prefix of internal topics, name of its handle. */
export const AGGREGATION_APP = 'aggregation';

/** What aggregation needs from its surroundings. The root module also imports `PoliciesModule` with {@link aggregationPolicies}. */
export interface AggregationModuleOptions {
  readonly streams: Omit<StreamsModuleOptions, 'applicationId'>;
  readonly postgres: DataSourceSettings;
  /** Holds the latest hour of each airport. The caller starts and stops it. */
  readonly cache: Cache;
}

/** What stands around each call to PostgreSQL. A write that is given up is made again by its sink, later. */
export const aggregationPolicies: Readonly<Record<typeof POSTGRES_POLICY, PolicyOptions>> = {
  [POSTGRES_POLICY]: {
    timeout: '15s',
    retry: { attempts: 4, backoffBase: '100ms', backoffMax: '2s' },
    breaker: { consecutiveFailures: 5, halfOpenAfter: '5s' },
  },
};

/** Runs the topology of totals and its sinks, and serves the totals over HTTP. */
@Module({})
export class AggregationModule {
  static forRoot({ streams, postgres, cache }: AggregationModuleOptions): DynamicModule {
    const airports = [{ provide: LATEST_HOURS_CACHE, useValue: cache }, AirportHours, LatestHours];
    return {
      module: AggregationModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ type: 'postgres' }),
          dataSourceFactory: async () => {
            const dataSource = createDataSource(postgres);
            await runMigrations(dataSource);
            return dataSource;
          },
        }),
        StreamsModule.forRoot({ ...streams, applicationId: AGGREGATION_APP }, AGGREGATION_APP),
        StreamsModule.forFeature({ topologies: [FlightTotals] }),
      ],
      controllers: [AirportsController],
      providers: [...airports, AirportHourlySink, CarrierDailySink],
    };
  }
}
