/** Writes a whole number within ±2^53 as 64 bits, big-endian: numbers from 0 sort as their bytes do. */
export function writeInt64(buffer: Buffer, at: number, value: number): void {
  buffer.writeInt32BE(Math.floor(value / 4_294_967_296), at);
  buffer.writeUInt32BE(value - Math.floor(value / 4_294_967_296) * 4_294_967_296, at + 4);
}

export function readInt64(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 4_294_967_296 + buffer.readUInt32BE(at + 4);
}
