import type { TableMapping } from '@millrace/postgres';
import type { AirportHour, AirportHourKey } from '@millrace/schemas';

/** How `airport.hourly` becomes rows of `airport_hourly`. */
export const airportHourlyTable: TableMapping<AirportHourKey, AirportHour> = {
  table: 'airport_hourly',
  key: [
    { name: 'origin', type: 'text', of: (key) => key.origin },
    { name: 'hour', type: 'timestamptz', of: (key) => key.hour },
  ],
  values: [
    { name: 'departures', type: 'integer', of: (value) => value.departures },
    { name: 'cancelled', type: 'integer', of: (value) => value.cancelled },
    { name: 'delay_sum_minutes', type: 'bigint', of: (value) => value.delaySumMinutes },
    { name: 'delay_max_minutes', type: 'integer', of: (value) => value.delayMaxMinutes },
  ],
  partitionedByMonthOf: 'hour',
};
