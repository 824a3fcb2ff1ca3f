import type { Column } from '@millrace/archive';
import { utcTimeMs, type EnrichedFlight } from '@millrace/schemas';

/** The columns of archived flights. Permanent: a column may be added, never changed. */
export const flightColumns: readonly Column<EnrichedFlight>[] = [
  { name: 'carrier', type: 'string', nullable: false, of: (flight) => flight.carrier },
  { name: 'flight', type: 'int32', nullable: false, of: (flight) => flight.flight },
  { name: 'tail_number', type: 'string', of: (flight) => flight.tailNumber },
  { name: 'origin', type: 'string', nullable: false, of: (flight) => flight.origin },
  { name: 'dest', type: 'string', nullable: false, of: (flight) => flight.dest },
  { name: 'scheduled_at', type: 'timestamp', nullable: false, of: (flight) => utcTimeMs(flight.scheduledAt) },
  { name: 'time_hour', type: 'timestamp', nullable: false, of: (flight) => utcTimeMs(flight.timeHour) },
  { name: 'minute', type: 'int32', nullable: false, of: (flight) => flight.minute },
  { name: 'departed', type: 'boolean', nullable: false, of: (flight) => flight.departed },
  { name: 'departure_delay_minutes', type: 'int32', of: (flight) => flight.departureDelayMinutes },
  { name: 'arrival_delay_minutes', type: 'int32', of: (flight) => flight.arrivalDelayMinutes },
  { name: 'air_time_minutes', type: 'int32', of: (flight) => flight.airTimeMinutes },
  { name: 'distance_miles', type: 'int32', of: (flight) => flight.distanceMiles },
  { name: 'aircraft_model', type: 'string', of: (flight) => flight.aircraftModel },
  { name: 'carrier_name', type: 'string', of: (flight) => flight.carrierName },
  { name: 'dest_name', type: 'string', of: (flight) => flight.destName },
  { name: 'temperature_f', type: 'double', of: (flight) => flight.temperatureF },
  { name: 'wind_speed_mph', type: 'double', of: (flight) => flight.windSpeedMph },
];
