import { dataFailure } from '../cli/run-failure.js';

const MS_A_MINUTE = 60_000;
const HOUR_FORM = /^\d{4}-\d{2}-\d{2}T\d{2}:00:00Z$/;

/** Turns texts such as `2013-01-01T10:00:00Z` into minutes since the epoch; the same few thousand hours come again and again. */
export class HourMinutes {
  readonly #known = new Map<string, number>();

  /** @throws {RunFailure} with the exit code for unreadable data when the text is not a whole hour in UTC of that form. */
  of(hour: string, file: string): number {
    const known = this.#known.get(hour);
    if (known !== undefined) return known;
    const minutes = HOUR_FORM.test(hour) ? Date.parse(hour) / MS_A_MINUTE : NaN;
    if (Number.isNaN(minutes)) throw dataFailure(`${file}: time_hour '${hour}' is not a time such as 2013-01-01T10:00:00Z.`);
    this.#known.set(hour, minutes);
    return minutes;
  }
}
