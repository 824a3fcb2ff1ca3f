import type { StoreQuery, StoreRow, StoreSpec } from '@millrace/streams';

/** The rows of several partitions in the order in which one would give them, as many as the query wants. */
export function mergeRows(
  spec: StoreSpec,
  query: StoreQuery,
  answers: readonly (readonly StoreRow[])[],
): readonly StoreRow[] {
  const [only, second] = answers;
  if (only !== undefined && second === undefined) return only;
  const rows = answers.flat().map((row) => ({ row, bytes: spec.key.serialize(row.key) }));
  rows.sort((one, other) => {
    return (one.row.startMs ?? 0) - (other.row.startMs ?? 0) || one.bytes.compare(other.bytes);
  });
  const limit = 'limit' in query ? query.limit : undefined;
  return rows.slice(0, limit).map(({ row }) => row);
}
