/** How many bytes a signed 32-bit integer takes as a zigzag varint: 1 to 5. */
export function sizeOfVarint(value: number): number {
  return (((31 - Math.clz32(((value << 1) ^ (value >> 31)) | 1)) / 7) | 0) + 1;
}

/** Writes a signed 32-bit integer as a zigzag varint; returns the position after it. */
export function writeVarint(buffer: Buffer, at: number, value: number): number {
  let raw = ((value << 1) ^ (value >> 31)) >>> 0;
  while (raw > 0x7f) {
    buffer[at++] = raw | 0x80;
    raw >>>= 7;
  }
  buffer[at++] = raw;
  return at;
}

/** How many bytes an exact integer takes as a zigzag varlong: 1 to 8. */
export function sizeOfVarlong(value: number): number {
  if (value === (value | 0)) return sizeOfVarint(value);
  let size = 1;
  for (let raw = zigzag(value); raw >= 128; raw = Math.floor(raw / 128)) size++;
  return size;
}

/** Writes an exact integer as a zigzag varlong; returns the position after it. */
export function writeVarlong(buffer: Buffer, at: number, value: number): number {
  if (value === (value | 0)) return writeVarint(buffer, at, value);
  let raw = zigzag(value);
  while (raw >= 128) {
    buffer[at++] = (raw % 128) | 0x80;
    raw = Math.floor(raw / 128);
  }
  buffer[at++] = raw;
  return at;
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : value * -2 - 1;
}
