import { readArchive, type Column, type ObjectStore } from '@millrace/archive';
import type { SinkBatch, SinkRecord } from '@millrace/streams';

/** What the records of the specs hold. */
export interface Reading {
  readonly id: number;
  readonly sensor: string | null;
}

export const columns: readonly Column<Reading>[] = [
  { name: 'id', type: 'int32', nullable: false, of: ({ id }) => id },
  { name: 'sensor', type: 'string', of: ({ sensor }) => sensor },
];

export const place = { topic: 'readings', partition: 0 };

/** A topic's partition in memory: records at offsets, with gaps where markers stand. */
export function aLog(count: number): readonly SinkRecord<unknown, Reading>[] {
  return Array.from({ length: count }, (_, offset) => aReading(offset)).filter(({ offset }) => offset % 7 !== 6);
}

/** The record at an offset. */
export function aReading(offset: number, value: Partial<Reading> | null = {}): SinkRecord<unknown, Reading> {
  const reading = value === null ? null : { id: offset, sensor: offset % 3 === 0 ? null : `s${offset % 5}`, ...value };
  return { offset, timestampMs: offset, key: null, value: reading, headers: [] };
}

/** The batch of a log from one offset to another, which is excluded. */
export function batchOf(
  log: readonly SinkRecord<unknown, Reading>[],
  firstOffset: number,
  nextOffset: number,
): SinkBatch<unknown, Reading> {
  const records = log.filter(({ offset }) => offset >= firstOffset && offset < nextOffset);
  return { ...place, firstOffset, nextOffset, records };
}

/** The ids of all archived records in the order in which they are read back. */
export async function archivedIds(store: ObjectStore, prefix = 'p'): Promise<unknown[]> {
  const ids: unknown[] = [];
  for await (const { columns: read } of readArchive(store, prefix)) ids.push(...(read.get('id') as unknown[]));
  return ids;
}
