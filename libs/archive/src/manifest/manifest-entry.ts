import { FatalError } from '@millrace/kernel';
import { z } from 'zod';

const whole = z.int().nonnegative();

const schema = z.strictObject({
  version: z.literal(1),
  topic: z.string(),
  partition: whole,
  firstOffset: whole,
  lastOffset: whole,
  records: whole,
  object: z.string(),
  bytes: whole,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * One tile of a partition: the offsets `firstOffset` to `lastOffset`, both included, and the object with their records.
 *
 * A tile may have fewer records than offsets: transaction markers take offsets too, and so do records of aborted
 * transactions and dead letters.
 */
export type ManifestEntry = Readonly<z.infer<typeof schema>>;

/** Entries are named by their first offset alone, so that two of them can never begin at the same place. */
export function entryKey(
  prefix: string,
  { topic, partition, firstOffset }: Pick<ManifestEntry, 'topic' | 'partition' | 'firstOffset'>,
): string {
  return `${entriesPrefix(prefix, topic, partition)}${paddedOffset(firstOffset)}.json`;
}

/** What the keys of all entries begin with: of a partition, of a topic, or of all. */
export function entriesPrefix(prefix: string, topic?: string, partition?: number): string {
  const parts = [
    prefix,
    '_manifest',
    ...(topic === undefined ? [] : [topic]),
    ...(partition === undefined ? [] : [`${partition}`]),
  ];
  return `${parts.join('/')}/`;
}

/** An offset with 20 digits, as in the names of Kafka's segments: the order of the names is the order of the offsets. */
export function paddedOffset(offset: number): string {
  return String(offset).padStart(20, '0');
}

/** An entry as it is stored; the same entry has the same bytes. */
export function encodeEntry(entry: ManifestEntry): Uint8Array {
  const { version, topic, partition, firstOffset, lastOffset, records, object, bytes, sha256 } = entry;
  const ordered = { version, topic, partition, firstOffset, lastOffset, records, object, bytes, sha256 };
  return Buffer.from(`${JSON.stringify(ordered, undefined, 2)}\n`);
}

/**
 * Reads a stored entry.
 *
 * @throws {FatalError} (stop-app) `MR_ARCHIVE_CORRUPT` naming the key.
 */
export function decodeEntry(key: string, bytes: Uint8Array): ManifestEntry {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (cause) {
    const message = `the manifest entry '${key}' cannot be read: restore it from a copy of the store`;
    throw new FatalError('MR_ARCHIVE_CORRUPT', message, { cause, place: { key } });
  }
}
