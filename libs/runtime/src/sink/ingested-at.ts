/** The header in which the first hop writes when it took an event: milliseconds since the epoch, ASCII decimal. */
export const INGESTED_AT_HEADER = 'ingested-at';

const NAME = Buffer.from(INGESTED_AT_HEADER, 'ascii');

/**
 * Reads the `ingested-at` header straight from the raw headers of a record, without making header objects.
 *
 * @param buffer Holds the headers as in the record: a count, then name and value of each, all lengths zigzag varints.
 * @returns Milliseconds since the epoch; -1 when there is no such header or its value is not a decimal number.
 */
export function readIngestedAtMs(buffer: Buffer, start: number, end: number): number {
  if (start < 0 || start >= end) return -1;
  let at = start;
  const readVarint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35 && at < end; shift += 7) {
      const byte = buffer[at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    return -1;
  };
  for (let left = readVarint(); left > 0 && at < end; left--) {
    const nameLength = readVarint();
    const nameStart = at;
    at += Math.max(0, nameLength);
    const valueLength = readVarint();
    const valueStart = at;
    at += Math.max(0, valueLength);
    if (at > end) return -1;
    if (nameLength === NAME.length && buffer.compare(NAME, 0, NAME.length, nameStart, nameStart + nameLength) === 0) {
      return parseDecimal(buffer, valueStart, at);
    }
  }
  return -1;
}

function parseDecimal(buffer: Buffer, start: number, end: number): number {
  if (start === end || end - start > 15) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (buffer[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
