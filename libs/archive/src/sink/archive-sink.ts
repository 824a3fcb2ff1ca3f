/**
 * Archives the records of topics as Parquet objects, each record exactly once.
 *
 * A partition's offsets are tiled: an object holds the records of a range of offsets, the next object those of the next range.
 *
 * ```
 *  records ─► open tile ─(limit, flush, age)─► finished ─► object stored ─► entry stored ─► durable; next tile
 *                                                        │                │
 *                                              crash: nothing happened   crash: an object that no entry names
 * ```
 *
 * Invariants:
 * - what is archived is what the manifest says; the entries of a partition are a chain without gap, overlap or fork;
 * - progress is the end of the chain: a writer goes on there, and re-reads what was in no finished object;
 * - a tile ends at a multiple of `tileOffsets`, or where it was flushed: a flushed tile is final, the next begins behind it;
 * - an object is in the store before its entry, and never changes.
 */
import { ConfigurationError, FatalError, SystemClock, toMs, type Clock, type Duration } from '@millrace/kernel';
import type { SinkBatch, SinkWriter, TopicPartition } from '@millrace/streams';
import { executeOnce, type Execute } from '../execute.js';
import { Manifest } from '../manifest/manifest.js';
import type { Column } from '../parquet/column.js';
import { checkKey } from '../store/object-key.js';
import type { ObjectStore } from '../store/object-store.js';
import { PartitionArchive, type ArchiveParts } from './partition-archive.js';

/** How and where to archive. */
export interface ArchiveSinkOptions<V> {
  readonly store: ObjectStore;
  /** What all keys begin with, such as `flights`; permanent. */
  readonly prefix: string;
  /** Columns of the objects, from the values of the records. */
  readonly columns: readonly Column<V>[];
  /** Objects end at multiples of so many offsets. Default 50 000. */
  readonly tileOffsets?: number;
  /** An object that was begun so long ago is finished though it is not full. Default 5 min. */
  readonly maxAge?: Duration;
  /** What stands around each call to the store. Default: nothing. */
  readonly execute?: Execute;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** See the head of this file. */
export class ArchiveSink<V> implements SinkWriter<unknown, V> {
  readonly #parts: ArchiveParts<V>;
  readonly #open = new Map<string, PartitionArchive<V>>();

  /** @throws {ConfigurationError} (stop-app) listing everything that is wrong with the options. */
  constructor(options: ArchiveSinkOptions<V>) {
    const problems = checkOptions(options);
    if (problems.length > 0) throw new ConfigurationError(`the archive '${options.prefix}'`, problems);
    const { store, columns } = options;
    const prefix = checkKey(options.prefix);
    const execute = options.execute ?? executeOnce;
    this.#parts = {
      store,
      columns,
      prefix,
      execute,
      manifest: new Manifest(store, prefix, execute),
      tileOffsets: options.tileOffsets ?? 50_000,
      maxAgeMs: toMs(options.maxAge ?? '5m'),
      clock: options.clock ?? new SystemClock(),
    };
  }

  /** @returns the offset after the last archived one; undefined when nothing of the partition is archived. */
  async open({ topic, partition }: TopicPartition): Promise<number | undefined> {
    const opened = await PartitionArchive.open(this.#parts, { topic, partition });
    this.#open.set(keyOf({ topic, partition }), opened);
    return opened.durableOffset;
  }

  /**
   * Takes a batch; its records become durable with their object, see {@link durableOffset}. Records that were taken before are
   * passed over, so a batch may be given again.
   *
   * @throws {RecordError} (dead-letter) `MR_SINK_REFUSED` with the offset of a record that does not fit the columns.
   * @throws {TaskError} (restart-task) `MR_SINK_FENCED` when another writer archived these offsets.
   * @throws {TransientError} (retry) when the store is out of reach.
   * @throws {FatalError} (stop-app) `MR_OFFSET_OUT_OF_RANGE` when the topic lost records before they were archived.
   */
  async write(batch: SinkBatch<unknown, V>): Promise<void> {
    const opened = this.#open.get(keyOf(batch));
    if (opened !== undefined) return opened.write(batch);
    const { topic, partition } = batch;
    throw new FatalError(
      'MR_LIFECYCLE_ORDER',
      `${topic}-${partition} was not opened in the archive '${this.#parts.prefix}'`,
    );
  }

  /** Finishes all objects that hold records: what was written so far is durable when this resolves. Throws as {@link write}. */
  async flush(): Promise<void> {
    await Promise.all([...this.#open.values()].map((opened) => opened.flush()));
  }

  /** Offset up to which everything is in a finished object. */
  durableOffset(place: TopicPartition): number | undefined {
    return this.#open.get(keyOf(place))?.durableOffset;
  }

  /** Forgets the partition with what is in no finished object: its next owner reads that again. */
  async close(place: TopicPartition): Promise<void> {
    const opened = this.#open.get(keyOf(place));
    this.#open.delete(keyOf(place));
    await opened?.close();
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

function checkOptions<V>({ prefix, columns, tileOffsets = 1 }: ArchiveSinkOptions<V>): string[] {
  const problems: string[] = [];
  const names = columns.map(({ name }) => name);
  if (prefix === '') problems.push('prefix: must not be empty');
  if (names.length === 0) problems.push('columns: there is none');
  for (const name of new Set(names.filter((each, nth) => names.indexOf(each) !== nth))) {
    problems.push(`columns: '${name}' is there twice`);
  }
  if (!Number.isSafeInteger(tileOffsets) || tileOffsets < 1) {
    problems.push(`tileOffsets: ${tileOffsets} is not a whole number greater than 0`);
  }
  return problems;
}
