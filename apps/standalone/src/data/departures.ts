import type { Departure } from '@millrace/schemas';
import type { CsvTable } from './csv-table.js';
import { numberOrNull, requiredNumber, textOrNull } from './csv-value.js';
import { HourMinutes } from './hour-minutes.js';

/** The rows of `flights.csv` as events of `flights.departures`. */
export class Departures {
  readonly count: number;
  readonly #table: CsvTable;
  readonly #columns;

  constructor(table: CsvTable) {
    this.#table = table;
    this.count = table.rowCount;
    this.#columns = {
      carrier: table.column('carrier'),
      flight: table.column('flight'),
      tailnum: table.column('tailnum'),
      origin: table.column('origin'),
      dest: table.column('dest'),
      timeHour: table.column('time_hour'),
      minute: table.column('minute'),
      depTime: table.column('dep_time'),
      depDelay: table.column('dep_delay'),
      arrDelay: table.column('arr_delay'),
      airTime: table.column('air_time'),
      distance: table.column('distance'),
    };
  }

  /**
   * When each departure is known, in minutes since the epoch: when the aircraft left, or at the scheduled time when the flight
   * was cancelled. So a delayed flight arrives behind others that were scheduled after it.
   */
  arrivalMinutes(): Uint32Array {
    const { timeHour, minute, depDelay } = this.#columns;
    const hours = new HourMinutes();
    const minutes = new Uint32Array(this.count);
    for (let row = 0; row < this.count; row++) {
      const scheduled = hours.of(this.#table.text(row, timeHour), 'flights') + this.#number(row, minute, 'minute');
      minutes[row] = scheduled + (numberOrNull(this.#table.text(row, depDelay), 'dep_delay') ?? 0);
    }
    return minutes;
  }

  /** The event of a row. */
  event(row: number): Departure {
    const at = this.#columns;
    const text = (column: number): string => this.#table.text(row, column);
    const timeHour = text(at.timeHour);
    const minute = this.#number(row, at.minute, 'minute');
    return {
      version: 1,
      carrier: text(at.carrier),
      flight: this.#number(row, at.flight, 'flight'),
      tailNumber: textOrNull(text(at.tailnum)),
      origin: text(at.origin),
      dest: text(at.dest),
      scheduledAt: `${timeHour.slice(0, 14)}${minute < 10 ? '0' : ''}${minute}:00Z`,
      timeHour,
      minute,
      departed: textOrNull(text(at.depTime)) !== null,
      departureDelayMinutes: numberOrNull(text(at.depDelay), 'dep_delay'),
      arrivalDelayMinutes: numberOrNull(text(at.arrDelay), 'arr_delay'),
      airTimeMinutes: numberOrNull(text(at.airTime), 'air_time'),
      distanceMiles: this.#number(row, at.distance, 'distance'),
    };
  }

  #number(row: number, column: number, name: string): number {
    return requiredNumber(this.#table.text(row, column), name);
  }
}
