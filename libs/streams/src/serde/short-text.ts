/**
 * Short texts without a call into the engine's native decoder, which costs more than the text itself: keys, and the fields that
 * handlers look up, are nearly all of this kind. A call with as many arguments as characters is what V8 compiles best.
 */

/** The longest text that {@link shortAscii} takes. */
export const MAX_SHORT_BYTES = 16;

/** The text in `bytes[start, end)`: up to {@link MAX_SHORT_BYTES} bytes that were found to be ASCII. */
export function shortAscii(bytes: Buffer, start: number, end: number): string {
  // A read past the end would cost more than all others.
  if (start + MAX_SHORT_BYTES > bytes.length) return bytes.toString('latin1', start, end);
  const of = String.fromCharCode;
  const c0 = bytes[start] as number;
  const c1 = bytes[start + 1] as number;
  const c2 = bytes[start + 2] as number;
  const c3 = bytes[start + 3] as number;
  const c4 = bytes[start + 4] as number;
  const c5 = bytes[start + 5] as number;
  const c6 = bytes[start + 6] as number;
  const c7 = bytes[start + 7] as number;
  const c8 = bytes[start + 8] as number;
  const c9 = bytes[start + 9] as number;
  const c10 = bytes[start + 10] as number;
  const c11 = bytes[start + 11] as number;
  const c12 = bytes[start + 12] as number;
  const c13 = bytes[start + 13] as number;
  const c14 = bytes[start + 14] as number;
  const c15 = bytes[start + 15] as number;
  switch (end - start) {
    case 1:
      return of(c0);
    case 2:
      return of(c0, c1);
    case 3:
      return of(c0, c1, c2);
    case 4:
      return of(c0, c1, c2, c3);
    case 5:
      return of(c0, c1, c2, c3, c4);
    case 6:
      return of(c0, c1, c2, c3, c4, c5);
    case 7:
      return of(c0, c1, c2, c3, c4, c5, c6);
    case 8:
      return of(c0, c1, c2, c3, c4, c5, c6, c7);
    case 9:
      return of(c0, c1, c2, c3, c4, c5, c6, c7, c8);
    case 10:
      return of(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
    case 11:
      return of(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10);
    case 12:
      return of(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11);
    case 13:
      return of(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12);
    case 14:
      return of(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13);
    case 15:
      return of(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14);
    case 16:
      return of(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15);
    default:
      return bytes.toString('latin1', start, end);
  }
}

/** Text as UTF-8 from `bytes[start, end)`. */
export function utf8Text(bytes: Buffer, start: number, end: number): string {
  const isShort = end - start <= MAX_SHORT_BYTES && isAscii(bytes, start, end);
  return isShort ? shortAscii(bytes, start, end) : bytes.toString('utf8', start, end);
}

/** Whether `bytes[start, end)` are ASCII alone. */
export function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] as number) > 0x7f) return false;
  return true;
}
