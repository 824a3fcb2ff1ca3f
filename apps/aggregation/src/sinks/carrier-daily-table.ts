import type { TableMapping } from '@millrace/postgres';
import type { CarrierDay, CarrierDayKey } from '@millrace/schemas';

/** How `carrier.daily` becomes rows of `carrier_daily`. */
export const carrierDailyTable: TableMapping<CarrierDayKey, CarrierDay> = {
  table: 'carrier_daily',
  key: [
    { name: 'carrier', type: 'text', of: (key) => key.carrier },
    { name: 'date', type: 'date', of: (key) => key.date },
  ],
  values: [
    { name: 'flights', type: 'integer', of: (value) => value.flights },
    { name: 'cancelled', type: 'integer', of: (value) => value.cancelled },
    { name: 'arrival_delay_sum_minutes', type: 'bigint', of: (value) => value.arrivalDelaySumMinutes },
  ],
};
