import { dataFailure } from '../cli/run-failure.js';

const COMMA = 0x2c;
const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * A CSV file (RFC 4180) as one buffer and the place of each field. Fields become strings only when asked for, so a file of
 * a third of a million rows is indexed in a fraction of a second and held once.
 *
 * The first line names the columns. Quoted fields may hold commas, line breaks and doubled quotes.
 */
export class CsvTable {
  readonly #bytes: Buffer;
  /** Where each field starts, row after row, and one past the end of the last. */
  readonly #starts: Uint32Array;
  readonly #columns: ReadonlyMap<string, number>;
  readonly #file: string;
  readonly rowCount: number;

  private constructor(file: string, bytes: Buffer, fields: FieldIndex) {
    this.#file = file;
    this.#bytes = bytes;
    this.#starts = fields.starts;
    const width = fields.width;
    this.#columns = new Map(Array.from({ length: width }, (_, column) => [this.#field(column, width), column]));
    this.rowCount = fields.rows - 1;
  }

  /**
   * Indexes a whole file.
   *
   * @param file Named in messages only.
   * @throws {RunFailure} with the exit code for unreadable data when it is empty, a row has too few or too many fields, or a
   *   quote is not closed; the message names the file and the line.
   */
  static parse(file: string, bytes: Buffer): CsvTable {
    const hasByteOrderMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    let end = bytes.length;
    while (bytes[end - 1] === LINE_FEED || bytes[end - 1] === CARRIAGE_RETURN) end--;
    const content = bytes.subarray(hasByteOrderMark ? 3 : 0, end);
    return new CsvTable(file, content, indexFields(file, content));
  }

  /**
   * The number of a column, for {@link text}.
   *
   * @throws {RunFailure} with the exit code for unreadable data when the file has no such column.
   */
  column(name: string): number {
    const column = this.#columns.get(name);
    if (column !== undefined) return column;
    throw dataFailure(`${this.#file} has no column '${name}', only ${[...this.#columns.keys()].join(', ')}.`);
  }

  /** The text of a field, without its quotes. Rows count from 0, below the header. */
  text(row: number, column: number): string {
    return this.#field((row + 1) * this.#columns.size + column, this.#columns.size);
  }

  #field(index: number, width: number): string {
    const start = this.#starts[index] as number;
    let end = (this.#starts[index + 1] as number) - 1;
    if (index % width === width - 1 && end > start && this.#bytes[end - 1] === CARRIAGE_RETURN) end--;
    if (this.#bytes[start] !== QUOTE) return this.#bytes.toString('utf8', start, end);
    return this.#bytes.toString('utf8', start + 1, end - 1).replaceAll('""', '"');
  }
}

interface FieldIndex {
  readonly starts: Uint32Array;
  readonly rows: number;
  readonly width: number;
}

function indexFields(file: string, bytes: Buffer): FieldIndex {
  let starts = new Uint32Array(1024);
  let count = 0;
  let rows = 0;
  let width = 0;
  let position = 0;
  while (position < bytes.length) {
    const rowStart = count;
    for (let open = true; open; ) {
      if (count + 2 > starts.length) starts = grown(starts);
      starts[count++] = position;
      if (bytes[position] === QUOTE) position = closingQuote(file, bytes, position, rows) + 1;
      while (position < bytes.length && bytes[position] !== COMMA && bytes[position] !== LINE_FEED) position++;
      open = bytes[position] === COMMA;
      position++;
    }
    rows++;
    const fields = count - rowStart;
    if (rows === 1) width = fields;
    else if (fields !== width) {
      throw dataFailure(`${file}, line ${rows}: ${fields} fields where the header names ${width}. Mend the file.`);
    }
  }
  if (rows === 0) throw dataFailure(`${file} is empty: its first line must name the columns.`);
  starts[count] = position;
  return { starts: starts.subarray(0, count + 1), rows, width };
}

function closingQuote(file: string, bytes: Buffer, opening: number, rows: number): number {
  for (let at = opening + 1; at < bytes.length; at++) {
    if (bytes[at] !== QUOTE) continue;
    if (bytes[at + 1] === QUOTE) {
      at++;
      continue;
    }
    const next = bytes[at + 1];
    if (next === undefined || next === COMMA || next === LINE_FEED || next === CARRIAGE_RETURN) return at;
    break;
  }
  throw dataFailure(`${file}, line ${rows + 1}: a quoted field is not closed before the next comma. Double quotes inside it.`);
}

function grown(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
