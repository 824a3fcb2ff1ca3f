/** First byte of a framed value. */
const MAGIC = 0;

/** Bytes before the Avro body: the magic byte and the schema id. */
export const FRAMING_BYTES = 5;

/** Writes the frame of Confluent's wire format: 0x00 and the schema id as a big-endian int32. */
export function writeFraming(buffer: Buffer, schemaId: number): void {
  buffer[0] = MAGIC;
  buffer.writeInt32BE(schemaId, 1);
}

/** The schema id of a framed value between two positions, or `undefined` when there is no frame. */
export function readSchemaId(buffer: Buffer, start: number, end: number): number | undefined {
  if (end - start < FRAMING_BYTES || buffer[start] !== MAGIC) return undefined;
  return buffer.readInt32BE(start + 1);
}
