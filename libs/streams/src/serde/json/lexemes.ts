/** The smallest parts of JSON in bytes. Each function tells where one ends, so that it is found without being read. */

const ZERO = 0x30;
const NINE = 0x39;

/** After white space. Machines write none: that is found out without a call. */
export function afterSpace(bytes: Buffer, from: number, end: number): number {
  return from < end && (bytes[from] as number) <= 0x20 ? skipSpace(bytes, from, end) : from;
}

function skipSpace(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] as number) <= 0x20) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
  return at;
}

/** After the number or literal that begins at `at`; -1 where none does. */
export function scalarEnd(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] as number;
  if (first > ZERO && first <= NINE) return wholeEnd(bytes, at, end);
  if (first === 0x74) return matches(bytes, at, end, 'true');
  if (first === 0x66) return matches(bytes, at, end, 'false');
  if (first === 0x6e) return matches(bytes, at, end, 'null');
  return numberEnd(bytes, at, end);
}

function matches(bytes: Buffer, at: number, end: number, literal: string): number {
  if (at + literal.length > end) return -1;
  for (let nth = 0; nth < literal.length; nth++) if (bytes[at + nth] !== literal.charCodeAt(nth)) return -1;
  return at + literal.length;
}

/** After the digits of a number that begins with one other than 0; nearly all are whole. */
function wholeEnd(bytes: Buffer, from: number, end: number): number {
  const at = digitsEnd(bytes, from + 1, end);
  const byte = bytes[at] as number;
  return at < end && (byte === 0x2e || (byte | 0x20) === 0x65) ? numberEnd(bytes, from, end) : at;
}

/** After the digits, by the grammar of JSON: no leading zero, no lone point. */
function numberEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  if (bytes[at] === 0x2d) at++;
  const whole = digitsEnd(bytes, at, end);
  if (whole === at || (bytes[at] === ZERO && whole > at + 1)) return -1;
  at = whole;
  if (at < end && bytes[at] === 0x2e) {
    const fraction = digitsEnd(bytes, at + 1, end);
    if (fraction === at + 1) return -1;
    at = fraction;
  }
  if (at < end && ((bytes[at] as number) | 0x20) === 0x65) {
    at++;
    if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
    const exponent = digitsEnd(bytes, at, end);
    if (exponent === at) return -1;
    at = exponent;
  }
  return at;
}

function digitsEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++;
  return at;
}
