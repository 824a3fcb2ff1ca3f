import { RecordError } from '@millrace/kernel';
import type { SinkRecord, TopicPartition } from '@millrace/streams';
import type { ColumnMapping, ColumnValue, TableMapping } from './table-mapping.js';

/** What a batch does to a table: parameters of the statements of {@link statementsFor}, one array a column. */
export interface BatchRows {
  readonly upserts: readonly ColumnValue[][];
  readonly upsertCount: number;
  readonly removals: readonly ColumnValue[][];
  readonly removalCount: number;
}

/**
 * The rows that records make. Of several records with one key the last wins, so that no statement touches a row twice,
 * which PostgreSQL refuses (SQLSTATE 21000).
 *
 * @throws {RecordError} (dead-letter) `MR_SINK_REFUSED` with the offset of a record that has no key, or of which the mapping
 *   makes no value.
 */
export function rowsOf<K, V>(
  mapping: TableMapping<K, V>,
  place: TopicPartition,
  records: readonly SinkRecord<K, V>[],
): BatchRows {
  const lastOfKey = new Map<string, { readonly key: ColumnValue[]; readonly record: SinkRecord<K, V> }>();
  for (const record of records) {
    if (record.key === null) throw refused(place, record, 'it has no key, which says which row it is about');
    const key = valuesOf(mapping.key, record.key, place, record);
    lastOfKey.set(key.length === 1 ? String(key[0]) : JSON.stringify(key), { key, record });
  }

  const upserts: ColumnValue[][] = [...mapping.key, ...mapping.values].map(() => []);
  const removals: ColumnValue[][] = mapping.key.map(() => []);
  for (const { key, record } of lastOfKey.values()) {
    const isRemoval = record.value === null;
    const columns = isRemoval ? removals : upserts;
    const row = isRemoval ? key : [...key, ...valuesOf(mapping.values, record.value as V, place, record)];
    row.forEach((value, nth) => (columns[nth] as ColumnValue[]).push(value));
  }
  return {
    upserts,
    upsertCount: (upserts[0] as ColumnValue[]).length,
    removals,
    removalCount: (removals[0] as ColumnValue[]).length,
  };
}

function valuesOf<S>(
  columns: readonly ColumnMapping<S>[],
  source: S,
  place: TopicPartition,
  record: SinkRecord,
): ColumnValue[] {
  return columns.map(({ name, of }) => {
    let value: ColumnValue | undefined;
    try {
      value = of(source);
    } catch (cause) {
      throw refused(place, record, `column '${name}' cannot be made of it`, cause);
    }
    if (value === undefined) throw refused(place, record, `it has nothing for column '${name}'; null would be a value`);
    return value;
  });
}

function refused(place: TopicPartition, { offset }: SinkRecord, why: string, cause?: unknown): RecordError {
  const { topic, partition } = place;
  const message = `record ${offset} of ${topic}-${partition} makes no row: ${why}`;
  return new RecordError('MR_SINK_REFUSED', message, { place: { topic, partition, offset }, cause });
}
