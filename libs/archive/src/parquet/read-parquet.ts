import { FatalError } from '@millrace/kernel';
import { parquetMetadata, parquetRead } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { ColumnValue } from './column.js';

/** Columns of an object by name, all as long as {@link rows}. */
export interface ParquetColumns {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, readonly ColumnValue[]>;
  /** What {@link ParquetBuilder} was given as labels. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Reads a Parquet object; the counterpart of {@link ParquetBuilder}, with times as milliseconds since the epoch.
 *
 * @param names Columns to read. Default: all.
 * @throws {FatalError} (stop-app) `MR_ARCHIVE_CORRUPT` when it is no Parquet object, or lacks a column.
 */
export async function readParquet(key: string, bytes: Uint8Array, names?: readonly string[]): Promise<ParquetColumns> {
  try {
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const metadata = parquetMetadata(file);
    const all = metadata.schema.filter(({ num_children: children }) => children === undefined).map(({ name }) => name);
    const wanted = names ?? all;
    const missing = wanted.filter((name) => !all.includes(name));
    if (missing.length > 0) throw new Error(`has no column ${missing.join(', ')}, only ${all.join(', ')}`);

    const rows = Number(metadata.num_rows);
    const columns = new Map(wanted.map((name) => [name, new Array<ColumnValue>(rows)]));
    await parquetRead({
      file,
      metadata,
      columns: [...wanted],
      compressors,
      parsers: { timestampFromMilliseconds: Number },
      onChunk: ({ columnName, columnData, rowStart }) => {
        const column = columns.get(columnName);
        if (column === undefined) return;
        for (let row = 0; row < columnData.length; row++)
          column[rowStart + row] = (columnData[row] as ColumnValue | undefined) ?? null;
      },
    });
    const labels = Object.fromEntries(
      (metadata.key_value_metadata ?? []).map(({ key: label, value }) => [label, value ?? '']),
    );
    return { rows, columns, labels };
  } catch (cause) {
    const message = `the object '${key}' cannot be read as Parquet: ${(cause as Error).message}`;
    throw new FatalError('MR_ARCHIVE_CORRUPT', message, { cause, place: { key } });
  }
}
