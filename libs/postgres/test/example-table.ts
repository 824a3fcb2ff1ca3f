import type { SinkBatch, SinkRecord } from '@millrace/streams';
import type { TableMapping } from '@millrace/postgres';

/** Which row of `airport_hourly`. */
export interface HourKey {
  readonly origin: string;
  readonly hour: string;
}

/** What the row holds. */
export interface HourTotals {
  readonly departures: number | null;
  readonly delayMaxMinutes: number | null;
}

/** `airport_hourly` as the pipeline fills it. */
export const hourlyTable: TableMapping<HourKey, HourTotals> = {
  table: 'airport_hourly',
  key: [
    { name: 'origin', type: 'text', of: ({ origin }) => origin },
    { name: 'hour', type: 'timestamptz', of: ({ hour }) => hour },
  ],
  values: [
    { name: 'departures', type: 'integer', of: ({ departures }) => departures },
    { name: 'cancelled', type: 'integer', of: () => 0 },
    { name: 'delay_sum_minutes', type: 'bigint', of: () => 0 },
    { name: 'delay_max_minutes', type: 'integer', of: ({ delayMaxMinutes }) => delayMaxMinutes },
  ],
  partitionedByMonthOf: 'hour',
};

/** A record of the topic `airport.hourly`: the totals of JFK in an hour, or a deletion. */
export function anHour(
  offset: number,
  hour: string,
  departures: number | null | 'deleted',
  origin = 'JFK',
): SinkRecord<HourKey, HourTotals> {
  const value = departures === 'deleted' ? null : { departures, delayMaxMinutes: departures };
  return { offset, timestampMs: 0, key: { origin, hour }, value, headers: [] };
}

/** The batch from `firstOffset` that holds `records`; its end is behind them unless given. */
export function aBatch(
  firstOffset: number,
  records: readonly SinkRecord<HourKey, HourTotals>[],
  nextOffset?: number,
): SinkBatch<HourKey, HourTotals> {
  const end = nextOffset ?? (records.at(-1)?.offset ?? firstOffset - 1) + 1;
  return { topic: 'airport.hourly', partition: 0, firstOffset, nextOffset: end, records };
}
