import { formatUtcTime, type AirportHour } from '@millrace/schemas';

/** An hour of an airport as HTTP serves it. */
export interface AirportHourView extends Omit<AirportHour, 'version'> {
  /** Over departures; null when nothing departed. */
  readonly delayMeanMinutes: number | null;
}

/** A row of `airport_hourly`, as the driver gives it. */
export interface AirportHourRow {
  readonly origin: string;
  readonly hour: Date;
  readonly departures: number;
  readonly cancelled: number;
  readonly delay_sum_minutes: number;
  readonly delay_max_minutes: number | null;
}

/** The row as HTTP serves it. */
export function viewOfRow(row: AirportHourRow): AirportHourView {
  return viewOfTotal({
    origin: row.origin,
    hour: formatUtcTime(row.hour.getTime()),
    departures: row.departures,
    cancelled: row.cancelled,
    delaySumMinutes: row.delay_sum_minutes,
    delayMaxMinutes: row.delay_max_minutes,
  });
}

/** The total as HTTP serves it. */
export function viewOfTotal(total: Omit<AirportHour, 'version'>): AirportHourView {
  const { origin, hour, departures, cancelled, delaySumMinutes, delayMaxMinutes } = total;
  const delayMeanMinutes = departures === 0 ? null : delaySumMinutes / departures;
  return { origin, hour, departures, cancelled, delaySumMinutes, delayMeanMinutes, delayMaxMinutes };
}
