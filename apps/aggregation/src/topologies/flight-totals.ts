import { StreamTopology, type TopologyDefinition } from '@millrace/nest';
import {
  formatUtcTime,
  topics,
  type AirportHour,
  type AirportHourKey,
  type CarrierDay,
  type CarrierDayKey,
} from '@millrace/schemas';
import { tumbling, utf8, type TopologyBuilder, type Windowed } from '@millrace/streams';
import { addToAirportHour, EMPTY_AIRPORT_HOUR, type AirportHourTotals } from './airport-hour.js';
import { addToCarrierDay, EMPTY_CARRIER_DAY, type CarrierDayTotals } from './carrier-day.js';

/**
 * How late a flight may be and still count. Must exceed the grace of the enrichment's join with the weather (30 days): a
 * flight whose weather never came is that late, and stream time may have run ahead of it there as well as here.
 */
const GRACE = '90d';

/**
 * Totals of flights by the time of their schedule: each airport's hours and each airline's days (UTC), one update per window
 * and commit. Windows follow from the records' timestamps, so neither lateness nor order changes a total.
 */
@StreamTopology({ name: 'flight-totals', app: 'aggregation' })
export class FlightTotals implements TopologyDefinition {
  define(t: TopologyBuilder): void {
    const flights = t.stream('flights', topics.enriched);

    flights
      .groupByKey()
      .windowedBy(tumbling({ size: '1h', grace: GRACE }))
      .aggregate('airport-hours', {
        store: 'airport-hours',
        cache: true,
        initialize: () => EMPTY_AIRPORT_HOUR,
        add: addToAirportHour,
      })
      .toStream('changed-hours')
      .map('hourly-records', hourlyRecord, topics.airportHourly)
      .to('airport-hourly', topics.airportHourly);

    flights
      .groupBy('by-carrier', (flight) => flight.carrier, utf8)
      .windowedBy(tumbling({ size: '1d', grace: GRACE }))
      .aggregate('carrier-days', {
        store: 'carrier-days',
        cache: true,
        initialize: () => EMPTY_CARRIER_DAY,
        add: addToCarrierDay,
      })
      .toStream('changed-days')
      .map('daily-records', dailyRecord, topics.carrierDaily)
      .to('carrier-daily', topics.carrierDaily);
  }
}

function hourlyRecord(totals: AirportHourTotals, window: Windowed<string>): readonly [AirportHourKey, AirportHour] {
  const key = { origin: window.key, hour: formatUtcTime(window.startMs) };
  return [key, { version: 1, ...key, ...totals }];
}

function dailyRecord(totals: CarrierDayTotals, window: Windowed<string>): readonly [CarrierDayKey, CarrierDay] {
  const key = { carrier: window.key, date: formatUtcTime(window.startMs).slice(0, 10) };
  return [key, { version: 1, ...key, ...totals }];
}
