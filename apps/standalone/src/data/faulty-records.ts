import { z } from 'zod';
import { dataFailure } from '../cli/run-failure.js';
import type { DataFile } from './data-directory.js';

const line = z
  .strictObject({
    /** What is wrong with it, for the reader of the file. */
    fault: z.string(),
    topic: z.string(),
    /** The record's key as text; null for none. */
    key: z.string().nullable(),
    /** The record's value as text … */
    value: z.string().optional(),
    /** … or, where it is not text, as base64. */
    valueBase64: z.base64().optional(),
    /** Fills the value up with spaces to so many bytes, so that an oversized record does not make an oversized file. */
    paddedToBytes: z.int().positive().max(900_000).optional(),
  })
  .refine((each) => (each.value === undefined) !== (each.valueBase64 === undefined), 'needs either value or valueBase64');

/** A record as a producer that knows no contract would send it. */
export interface FaultyRecord {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer;
}

/**
 * Reads the file of records that break their contract: one JSON object a line.
 *
 * @throws {RunFailure} with the exit code for unreadable data; the message names the line.
 */
export function parseFaultyRecords(file: DataFile | undefined): FaultyRecord[] {
  if (file === undefined) return [];
  const lines = file.bytes.toString('utf8').split('\n');
  return lines.flatMap((text, index) => (text.trim() === '' ? [] : [parseLine(text, `${file.path}, line ${index + 1}`)]));
}

function parseLine(text: string, place: string): FaultyRecord {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw dataFailure(`${place}: is not JSON. The record's own faults belong into the text of its value.`, cause);
  }
  const parsed = line.safeParse(json);
  if (!parsed.success) throw dataFailure(`${place}: ${z.prettifyError(parsed.error)}`, parsed.error);
  const { topic, key, value, valueBase64, paddedToBytes } = parsed.data;
  const bytes = value === undefined ? Buffer.from(valueBase64 ?? '', 'base64') : Buffer.from(value);
  return { topic, key: key === null ? null : Buffer.from(key), value: padded(bytes, paddedToBytes) };
}

function padded(bytes: Buffer, length = 0): Buffer {
  if (length <= bytes.length) return bytes;
  return Buffer.concat([bytes, Buffer.alloc(length - bytes.length, ' ')]);
}
