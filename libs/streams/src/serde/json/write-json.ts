import type { GrowingBytes } from '@millrace/protocol';
import type { LazyObject } from './lazy-object.js';

/** Longer texts are left to the engine's own writer. */
const MAX_SMALL_CHARACTERS = 32;

/** Up to this length a loop over the characters is faster than the engine's own writer. */
const MAX_PLAIN_CHARACTERS = 48;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const MINUS = 0x2d;
const ZERO = 0x30;

type Simple = string | number | boolean | null;

/** What stands for changes that are not {@link Simple} in JSON, at the places of their values. */
type Texts = readonly (string | undefined)[] | undefined;

/**
 * Writes a lazy object: its bytes as they are, with what was changed put in.
 *
 * @returns false, with nothing of use in `into`, where a change has no text in JSON: its field is to be left out.
 */
export function writeLazy(lazy: LazyObject, into: GrowingBytes): boolean {
  const { changes } = lazy;
  // Before the fields are looked at: a value's own `toJSON`, or the engine's writer, may read another lazy object, whose fields are found then.
  const texts = changes === undefined ? undefined : textsOf(changes);
  if (lazy.isWhole) return false;
  const { bytes, fields } = lazy;
  let copied = fields.open;
  if (changes !== undefined) {
    for (let field = 0; field < fields.count; field++) {
      const nth = changeOf(lazy, field);
      if (nth < 0) continue;
      into.copy(bytes, copied, fields.valueStart(field));
      if (!writeChange(changes, texts, nth + 1, into)) return false;
      copied = fields.valueEnd(field);
    }
  }
  into.copy(bytes, copied, fields.close);
  if (changes !== undefined && !writeAdded(lazy, changes, texts, into)) return false;
  into.byte(CLOSE_BRACE);
  return true;
}

/** Objects with more fields, or with long texts, are left to the engine's own writer, which is fast where there is much to write. */
const MAX_SMALL_FIELDS = 8;

/**
 * Writes a plain object of a few numbers, short texts, booleans and nulls, as totals and keys are.
 *
 * @returns false, with nothing written, for any other value.
 */
export function writeSmall(value: unknown, into: GrowingBytes): boolean {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return false;
  const names = Object.keys(value);
  if (names.length > MAX_SMALL_FIELDS) return false;
  const values: readonly unknown[] = Object.values(value);
  for (const each of values)
    if (!isSimple(each) || (typeof each === 'string' && each.length > MAX_SMALL_CHARACTERS)) return false;
  into.byte(OPEN_BRACE);
  for (let nth = 0; nth < names.length; nth++) {
    if (nth > 0) into.byte(COMMA);
    writeText(names[nth] as string, into);
    into.byte(COLON);
    writeSimple(values[nth] as Simple, into);
  }
  into.byte(CLOSE_BRACE);
  return true;
}

function isSimple(value: unknown): value is Simple {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null;
}

function textsOf(changes: readonly unknown[]): Texts {
  let texts: (string | undefined)[] | undefined;
  for (let at = 1; at < changes.length; at += 2) {
    if (isSimple(changes[at])) continue;
    texts ??= new Array<undefined>(changes.length).fill(undefined);
    texts[at] = JSON.stringify(changes[at]);
  }
  return texts;
}

/** Which change replaces a field's value; -1 where none does. */
function changeOf({ bytes, fields, changes = [] }: LazyObject, field: number): number {
  for (let nth = 0; nth < changes.length; nth += 2) {
    if (fields.isNamed(bytes, field, changes[nth] as string)) return nth;
  }
  return -1;
}

function writeAdded(
  { bytes, fields }: LazyObject,
  changes: readonly unknown[],
  texts: Texts,
  into: GrowingBytes,
): boolean {
  let isFirst = fields.count === 0;
  for (let nth = 0; nth < changes.length; nth += 2) {
    const name = changes[nth] as string;
    if (fields.find(bytes, name) >= 0) continue;
    if (!isFirst) into.byte(COMMA);
    isFirst = false;
    writeText(name, into);
    into.byte(COLON);
    if (!writeChange(changes, texts, nth + 1, into)) return false;
  }
  return true;
}

/** Writes the value at a place of the changes; false where JSON has nothing for it. */
function writeChange(changes: readonly unknown[], texts: Texts, at: number, into: GrowingBytes): boolean {
  const value = changes[at];
  if (isSimple(value)) {
    writeSimple(value, into);
    return true;
  }
  const text = texts?.[at];
  if (text === undefined) return false;
  into.text(text);
  return true;
}

function writeSimple(value: Simple, into: GrowingBytes): void {
  if (typeof value === 'string') writeText(value, into);
  else if (typeof value === 'number' && value === (value | 0) && !Object.is(value, -0)) writeInteger(value, into);
  else into.text(JSON.stringify(value));
}

function writeText(value: string, into: GrowingBytes): void {
  if (!writePlain(value, into)) into.text(JSON.stringify(value));
}

/** Writes a text that is short and needs no escape; false, with nothing written, for any other. */
function writePlain(value: string, into: GrowingBytes): boolean {
  const { length } = value;
  if (length > MAX_PLAIN_CHARACTERS) return false;
  into.reserve(length + 2);
  const { bytes } = into;
  let at = into.length;
  bytes[at++] = QUOTE;
  for (let nth = 0; nth < length; nth++) {
    const code = value.charCodeAt(nth);
    if (code < 0x20 || code === QUOTE || code === BACKSLASH || code > 0x7e) return false;
    bytes[at++] = code;
  }
  bytes[at++] = QUOTE;
  into.length = at;
  return true;
}

function writeInteger(value: number, into: GrowingBytes): void {
  if (value < 0) into.byte(MINUS);
  writeDigits(Math.abs(value), into);
}

function writeDigits(value: number, into: GrowingBytes): void {
  if (value >= 10) writeDigits(Math.floor(value / 10), into);
  into.byte(ZERO + (value % 10));
}
