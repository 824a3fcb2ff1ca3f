import type { TopicPartition } from '@millrace/streams';
import { createHash } from 'node:crypto';
import { paddedOffset, type ManifestEntry } from '../manifest/manifest-entry.js';
import type { Column } from '../parquet/column.js';
import { ParquetBuilder } from '../parquet/parquet-builder.js';

/** A finished object and the entry that is to stand for it. */
export interface FinishedTile {
  readonly entry: ManifestEntry;
  readonly bytes: Uint8Array;
}

/** What the keys of all objects of a partition begin with. */
export function objectPrefix(prefix: string, { topic, partition }: TopicPartition): string {
  return `${prefix}/partition=${partition}/${topic}-${partition}-`;
}

/**
 * The object of a partition that is being filled: the offsets from `firstOffset` to, at most, `limit`, which is excluded.
 *
 * `limit` is the next multiple of the tile size, so cuts depend on offsets alone: whoever archives the same records from the
 * same offset makes the same objects.
 */
export class Tile<V> {
  readonly firstOffset: number;
  readonly limit: number;
  readonly #place: TopicPartition;
  readonly #prefix: string;
  readonly #builder: ParquetBuilder<V>;
  #finished: FinishedTile | undefined;
  /** Offset after everything that was appended or passed over. */
  nextOffset: number;

  constructor(
    place: TopicPartition,
    prefix: string,
    columns: readonly Column<V>[],
    firstOffset: number,
    tileOffsets: number,
  ) {
    this.#place = place;
    this.#prefix = prefix;
    this.firstOffset = firstOffset;
    this.nextOffset = firstOffset;
    this.limit = (Math.floor(firstOffset / tileOffsets) + 1) * tileOffsets;
    this.#builder = new ParquetBuilder(columns, {
      labels: {
        'millrace.topic': place.topic,
        'millrace.partition': `${place.partition}`,
        'millrace.first-offset': `${firstOffset}`,
      },
    });
  }

  get records(): number {
    return this.#builder.rows;
  }

  get isFull(): boolean {
    return this.nextOffset === this.limit;
  }

  /** Whether it is closed: it takes no more records. */
  get isFinished(): boolean {
    return this.#finished !== undefined;
  }

  /** Appends values that stand before `nextOffset`, all or none; see {@link ParquetBuilder.append}. */
  append(values: readonly V[], nextOffset: number): ReturnType<ParquetBuilder<V>['append']> {
    const misfit = this.#builder.append(values);
    if (misfit === undefined) this.nextOffset = nextOffset;
    return misfit;
  }

  /** Closes the tile; the same object each time. */
  finish(): FinishedTile {
    this.#finished ??= this.#close();
    return this.#finished;
  }

  #close(): FinishedTile {
    const { topic, partition } = this.#place;
    const records = this.records;
    const bytes = this.#builder.finish();
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const lastOffset = this.nextOffset - 1;
    const range = `${paddedOffset(this.firstOffset)}-${paddedOffset(lastOffset)}`;
    // The digest in the name: two writers that differ, say in version, can never mean the same object.
    const object = `${objectPrefix(this.#prefix, this.#place)}${range}-${sha256.slice(0, 12)}.parquet`;
    const { firstOffset } = this;
    const size = bytes.byteLength;
    return {
      bytes,
      entry: { version: 1, topic, partition, firstOffset, lastOffset, records, object, bytes: size, sha256 },
    };
  }
}
