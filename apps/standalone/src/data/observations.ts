import type { WeatherObservation } from '@millrace/schemas';
import type { CsvTable } from './csv-table.js';
import { numberOrNull } from './csv-value.js';
import { HourMinutes } from './hour-minutes.js';

/** The rows of `weather.csv` as events of `weather.observations`. */
export class Observations {
  readonly count: number;
  readonly #table: CsvTable;
  readonly #origin: number;
  readonly #timeHour: number;

  constructor(table: CsvTable) {
    this.#table = table;
    this.count = table.rowCount;
    this.#origin = table.column('origin');
    this.#timeHour = table.column('time_hour');
  }

  /** When each observation arrives, in minutes since the epoch: at its hour. */
  arrivalMinutes(): Uint32Array {
    const hours = new HourMinutes();
    const minutes = new Uint32Array(this.count);
    for (let row = 0; row < this.count; row++) minutes[row] = hours.of(this.#table.text(row, this.#timeHour), 'weather');
    return minutes;
  }

  /** The event of a row. */
  event(row: number): WeatherObservation {
    const measured = (column: string): number | null =>
      numberOrNull(this.#table.text(row, this.#table.column(column)), column);
    return {
      version: 1,
      origin: this.#table.text(row, this.#origin),
      observedAt: this.#table.text(row, this.#timeHour),
      temperatureF: measured('temp'),
      dewPointF: measured('dewp'),
      humidityPercent: measured('humid'),
      windDirectionDegrees: measured('wind_dir'),
      windSpeedMph: measured('wind_speed'),
      windGustMph: measured('wind_gust'),
      precipitationInches: measured('precip'),
      pressureMillibars: measured('pressure'),
      visibilityMiles: measured('visib'),
    };
  }
}
