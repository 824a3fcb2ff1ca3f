/** Whether bytes are JSON, found out without making anything of them. */
import { afterSpace, scalarEnd } from './lexemes.js';

/** What is nested more deeply is left to the engine's parser. */
const MAX_DEPTH = 32;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const SMALL_U = 0x75;
const ESCAPED: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

/**
 * Whether `JSON.parse` reads the text in `bytes[start, end)`. False also for what is nested more than {@link MAX_DEPTH} deep, of which it
 * is not known.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */
export function isJson(bytes: Buffer, start: number, end: number): boolean {
  const valueEnd = valueEndOf(bytes, afterSpace(bytes, start, end), end, 0);
  return valueEnd >= 0 && afterSpace(bytes, valueEnd, end) === end;
}

/** After the value that begins at `at`; -1 where none does. */
function valueEndOf(bytes: Buffer, at: number, end: number, depth: number): number {
  if (at >= end) return -1;
  const first = bytes[at] as number;
  if (first === QUOTE) return stringEnd(bytes, at + 1, end);
  if (first === OPEN_BRACE) return listEnd(bytes, at, end, depth, CLOSE_BRACE);
  if (first === OPEN_BRACKET) return listEnd(bytes, at, end, depth, CLOSE_BRACKET);
  return scalarEnd(bytes, at, end);
}

/** After the bracket `close`: of an object, whose values have names, or of an array. */
function listEnd(bytes: Buffer, open: number, end: number, depth: number, close: number): number {
  if (depth === MAX_DEPTH) return -1;
  let at = afterSpace(bytes, open + 1, end);
  if (at < end && bytes[at] === close) return at + 1;
  for (;;) {
    if (close === CLOSE_BRACE) at = nameEnd(bytes, at, end);
    if (at < 0) return -1;
    at = valueEndOf(bytes, at, end, depth + 1);
    if (at < 0) return -1;
    at = afterSpace(bytes, at, end);
    if (at >= end) return -1;
    if (bytes[at] === close) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = afterSpace(bytes, at + 1, end);
  }
}

/** Where the value of a named one begins. */
function nameEnd(bytes: Buffer, at: number, end: number): number {
  if (at >= end || bytes[at] !== QUOTE) return -1;
  const after = stringEnd(bytes, at + 1, end);
  if (after < 0) return -1;
  const colon = afterSpace(bytes, after, end);
  return colon < end && bytes[colon] === COLON ? afterSpace(bytes, colon + 1, end) : -1;
}

/** After the closing quote. Bytes beyond ASCII are not looked at: what is no UTF-8 is read as U+FFFD. */
function stringEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20) return -1;
    if (byte !== BACKSLASH) at++;
    else if ((at = escapeEnd(bytes, at + 1, end)) < 0) return -1;
  }
  return -1;
}

/** After what a backslash before `at` escapes. */
function escapeEnd(bytes: Buffer, at: number, end: number): number {
  if (at >= end) return -1;
  if (bytes[at] !== SMALL_U) return ESCAPED.has(bytes[at] as number) ? at + 1 : -1;
  if (at + 5 > end) return -1;
  for (let digit = at + 1; digit < at + 5; digit++) if (!isHexDigit(bytes[digit] as number)) return -1;
  return at + 5;
}

function isHexDigit(byte: number): boolean {
  const letter = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x66);
}
