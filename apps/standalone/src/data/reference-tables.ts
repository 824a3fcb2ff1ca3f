import type { Aircraft, Airport, Carrier } from '@millrace/schemas';
import type { CsvTable } from './csv-table.js';
import { numberOrNull, requiredNumber, textOrNull } from './csv-value.js';

/** A row of `planes.csv` as a record of `reference.aircraft`. */
export function aircraftOf(planes: CsvTable, row: number): Aircraft {
  const text = (column: string): string => planes.text(row, planes.column(column));
  return {
    version: 1,
    tailNumber: text('tailnum'),
    yearBuilt: numberOrNull(text('year'), 'year'),
    type: text('type'),
    manufacturer: text('manufacturer'),
    model: text('model'),
    engines: requiredNumber(text('engines'), 'engines'),
    seats: requiredNumber(text('seats'), 'seats'),
    engineType: text('engine'),
  };
}

/** A row of `airlines.csv` as a record of `reference.carriers`. */
export function carrierOf(airlines: CsvTable, row: number): Carrier {
  const text = (column: string): string => airlines.text(row, airlines.column(column));
  return { version: 1, carrier: text('carrier'), name: text('name') };
}

/** A row of `airports.csv` as a record of `reference.airports`. */
export function airportOf(airports: CsvTable, row: number): Airport {
  const text = (column: string): string => airports.text(row, airports.column(column));
  return {
    version: 1,
    faa: text('faa'),
    name: text('name'),
    latitude: requiredNumber(text('lat'), 'lat'),
    longitude: requiredNumber(text('lon'), 'lon'),
    altitudeFeet: requiredNumber(text('alt'), 'alt'),
    timeZone: textOrNull(text('tzone')),
  };
}
