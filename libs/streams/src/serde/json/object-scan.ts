/**
 * Where the fields of a JSON object lie in its bytes, without parsing them.
 *
 * A scan checks the object's own structure: quotes, colons, commas and brackets, numbers and literals by their characters. What
 * stands between the quotes of a string, and inside nested values, is checked by whoever reads it. So a scan costs about a
 * nanosecond for each byte of structure and next to nothing for long strings.
 */

import { afterSpace, scalarEnd } from './lexemes.js';

/** Objects with more fields are parsed whole. */
export const MAX_FIELDS = 64;

/** From this length on the engine's search for a quote is faster than a loop. */
const SEARCH_THRESHOLD_BYTES = 16;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Fields of an object as numbers: 4 a field. Offsets are those in the scanned buffer. */
export class FieldTable {
  count = 0;
  /** Where the object's opening and closing braces stand. */
  open = -1;
  close = -1;
  readonly #at = new Int32Array(MAX_FIELDS * 4);

  add(keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const at = this.count * 4;
    this.#at[at] = keyStart;
    this.#at[at + 1] = keyEnd;
    this.#at[at + 2] = valueStart;
    this.#at[at + 3] = valueEnd;
    this.count++;
  }

  /** Where the key of a field begins, after its quote. */
  keyStart(field: number): number {
    return this.#at[field * 4] as number;
  }

  /** Where its closing quote stands. */
  keyEnd(field: number): number {
    return this.#at[field * 4 + 1] as number;
  }

  valueStart(field: number): number {
    return this.#at[field * 4 + 2] as number;
  }

  /** After the last byte of the value. */
  valueEnd(field: number): number {
    return this.#at[field * 4 + 3] as number;
  }

  /** The last field of this name, as `JSON.parse` takes the last; -1 where there is none. */
  find(bytes: Buffer, name: string): number {
    for (let field = this.count - 1; field >= 0; field--) if (this.isNamed(bytes, field, name)) return field;
    return -1;
  }

  isNamed(bytes: Buffer, field: number, name: string): boolean {
    const start = this.keyStart(field);
    const { length } = name;
    if (this.keyEnd(field) - start !== length) return false;
    for (let nth = 0; nth < length; nth++) if (bytes[start + nth] !== name.charCodeAt(nth)) return false;
    return true;
  }
}

/**
 * Fills `table` with the fields of the object in `bytes[start, end)`.
 *
 * @returns false where that is not a JSON object, or one that is to be parsed whole: keys with escapes or beyond ASCII, more than
 *   {@link MAX_FIELDS} fields.
 */
export function scanObject(bytes: Buffer, start: number, end: number, table: FieldTable): boolean {
  table.count = 0;
  let at = afterSpace(bytes, start, end);
  if (bytes[at] !== OPEN_BRACE || at >= end) return false;
  table.open = at;
  at = afterSpace(bytes, at + 1, end);
  if (bytes[at] === CLOSE_BRACE && at < end) return closed(bytes, at, end, table);
  for (;;) {
    if (bytes[at] !== QUOTE || table.count === MAX_FIELDS) return false;
    const keyStart = at + 1;
    const keyEnd = plainKeyEnd(bytes, keyStart, end);
    if (keyEnd < 0) return false;
    at = afterSpace(bytes, keyEnd + 1, end);
    if (bytes[at] !== COLON) return false;
    const valueStart = afterSpace(bytes, at + 1, end);
    const valueEnd = valueEndOf(bytes, valueStart, end);
    if (valueEnd < 0) return false;
    table.add(keyStart, keyEnd, valueStart, valueEnd);
    at = afterSpace(bytes, valueEnd, end);
    if (at >= end) return false;
    if (bytes[at] === CLOSE_BRACE) return closed(bytes, at, end, table);
    if (bytes[at] !== COMMA) return false;
    at = afterSpace(bytes, at + 1, end);
  }
}

function closed(bytes: Buffer, at: number, end: number, table: FieldTable): boolean {
  table.close = at;
  return afterSpace(bytes, at + 1, end) === end;
}

/** The closing quote of a key of plain ASCII; -1 for any other. */
function plainKeyEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  let byte = bytes[at] as number;
  while (byte > BACKSLASH ? byte < 0x7f : byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) {
    byte = bytes[++at] as number;
  }
  return byte === QUOTE && at < end ? at : -1;
}

/** After the last byte of the value that begins at `at`; -1 where none does. */
function valueEndOf(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] as number;
  if (first === QUOTE) return stringEnd(bytes, at + 1, end);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return nestedEnd(bytes, at, end);
  return scalarEnd(bytes, at, end);
}

/** After the closing quote of a string whose first character stands at `from`. */
function stringEnd(bytes: Buffer, from: number, end: number): number {
  const near = Math.min(end, from + SEARCH_THRESHOLD_BYTES);
  let at = from;
  for (; at < near; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    // What follows is escaped.
    if (byte === BACKSLASH) at++;
  }
  for (at = bytes.indexOf(QUOTE, at); at >= 0 && at < end; at = bytes.indexOf(QUOTE, at + 1)) {
    if (!isEscaped(bytes, at, from)) return at + 1;
  }
  return -1;
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(bytes: Buffer, at: number, from: number): boolean {
  let before = at - 1;
  while (before >= from && bytes[before] === BACKSLASH) before--;
  return (at - 1 - before) % 2 === 1;
}

/** After the bracket that closes the one at `at`; what is between them is not checked beyond its brackets and strings. */
function nestedEnd(bytes: Buffer, from: number, end: number): number {
  let depth = 0;
  let at = from;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at = stringEnd(bytes, at + 1, end);
      if (at < 0) return -1;
      continue;
    }
    at++;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at;
  }
  return -1;
}
