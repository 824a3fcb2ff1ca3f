import { readArchive, type ArchivedObject, type ColumnValue, type ObjectStore } from '@millrace/archive';
import { FLIGHTS_PREFIX } from '@millrace/app-archival';
import { formatUtcTime } from '@millrace/schemas';
import { csvLine } from './csv-line.js';

/** The header of `enriched.csv`. */
export const ENRICHED_HEADER = csvLine([
  'carrier',
  'flight',
  'origin',
  'dest',
  'time_hour',
  'minute',
  'aircraft_model',
  'carrier_name',
  'dest_name',
  'temp',
  'wind_speed',
]);

const IDENTITY = ['carrier', 'flight', 'origin', 'time_hour', 'minute'] as const;
const COLUMNS = [
  ...IDENTITY,
  'dest',
  'aircraft_model',
  'carrier_name',
  'dest_name',
  'temperature_f',
  'wind_speed_mph',
] as const;

interface SortableLine {
  readonly hourMs: number;
  readonly key: string;
  readonly line: string;
}

/**
 * Reads all archived flights back from their objects, as lines of CSV in the order of scheduled hour, origin, carrier, flight
 * and minute, which identify a flight.
 */
export async function enrichedLines(store: ObjectStore): Promise<string[]> {
  const lines: SortableLine[] = [];
  for await (const object of readArchive(store, FLIGHTS_PREFIX, { columns: COLUMNS })) addLines(object, lines);
  lines.sort((left, right) => left.hourMs - right.hourMs || (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
  return lines.map(({ line }) => line);
}

function addLines({ rows, columns }: ArchivedObject, lines: SortableLine[]): void {
  const hours = new HourTexts();
  const column = (name: (typeof COLUMNS)[number]): readonly ColumnValue[] => columns.get(name) ?? [];
  const [carrier, flight, origin, timeHour, minute] = IDENTITY.map(column) as [
    readonly string[],
    readonly number[],
    readonly string[],
    readonly number[],
    readonly number[],
  ];
  const [dest, model, carrierName, destName, temperature, wind] = COLUMNS.slice(IDENTITY.length).map(column) as [
    readonly string[],
    ...(readonly (string | number | null)[])[],
  ];
  for (let row = 0; row < rows; row++) {
    const hourMs = timeHour[row] as number;
    lines.push({
      hourMs,
      key: `${origin[row]} ${carrier[row]} ${padded(flight[row] as number)} ${padded(minute[row] as number)}`,
      line: csvLine([
        carrier[row],
        flight[row],
        origin[row],
        dest[row],
        hours.of(hourMs),
        minute[row],
        model?.[row],
        carrierName?.[row],
        destName?.[row],
        temperature?.[row],
        wind?.[row],
      ]),
    });
  }
}

function padded(value: number): string {
  return String(value).padStart(5, '0');
}

/** The same few thousand hours come again and again. */
class HourTexts {
  readonly #texts = new Map<number, string>();

  of(hourMs: number): string {
    let text = this.#texts.get(hourMs);
    if (text === undefined) {
      text = formatUtcTime(hourMs);
      this.#texts.set(hourMs, text);
    }
    return text;
  }
}
