import type { MigrationInterface } from 'typeorm';
import { CreateAirportHourly } from './create-airport-hourly.js';
import { CreateCarrierDaily } from './create-carrier-daily.js';
import { CreateMonthPartitions } from './create-month-partitions.js';
import { CreateSinkOffset } from './create-sink-offset.js';

/** All migrations of this library, oldest first. */
export const migrations: readonly (new () => MigrationInterface)[] = [
  CreateSinkOffset,
  CreateMonthPartitions,
  CreateAirportHourly,
  CreateCarrierDaily,
];
