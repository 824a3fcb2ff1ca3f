/**
 * Archives the records of topics as Parquet objects, each record exactly once.
 *
 * A partition's offsets are tiled: an object holds the records of a range of offsets, the next object those of the next range.
 *
 * ```
 *  records ─► open tile ─(limit reached, flush, age)─► finished ─► object ─► manifest entry ─► durable, next tile
 *                                                                │        │
 *                                                        crash: nothing   crash: an object that nothing refers to
 * ```
 *
 * Invariants:
 * - what is archived is what the manifest says; the entries of a partition are a chain without gap, overlap or fork;
 * - progress is the end of the chain: a writer goes on there, and re-reads what was in no finished object;
 * - a tile ends at a multiple of `tileOffsets`, or where it was flushed: a flushed tile is final, the next begins behind it;
 * - an object is in the store before its entry, and never changes.
 */
import { ConfigurationError, FatalError, RecordError, SystemClock, toMs, type Clock, type Duration, type Timer } from '@millrace/kernel';
import type { SinkBatch, SinkWriter } from '@millrace/streams';
import { archiveChannels } from '../diagnostics/channels.js';
import { executeOnce, type Execute } from '../execute.js';
import { Manifest, type Place } from '../manifest/manifest.js';
import type { Column } from '../parquet/column.js';
import { checkKey } from '../store/object-key.js';
import type { ObjectStore } from '../store/object-store.js';
import { storeOnce } from './store-once.js';
import { Tile } from './tile.js';

/** How and where to archive. */
export interface ArchiveSinkOptions<V> {
  readonly store: ObjectStore;
  /** What all keys begin with, such as `flights`; permanent. */
  readonly prefix: string;
  /** Columns of the objects, from the values of the records. */
  readonly columns: readonly Column<V>[];
  /** Objects end at multiples of so many offsets. Permanent for a deterministic cut, but may change. Default 50 000. */
  readonly tileOffsets?: number;
  /** An object that was begun so long ago is finished though it is not full. Default 5 min. */
  readonly maxAge?: Duration;
  /** What stands around each call to the store. Default: nothing. */
  readonly execute?: Execute;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

interface OpenPartition<V> {
  readonly place: Place;
  tile: Tile<V> | undefined;
  /** Offset after the last manifest entry. */
  durableOffset: number | undefined;
  timer: Timer | undefined;
  /** The end of what is under way: writes, flushes and the timer take turns. */
  turn: Promise<unknown>;
}

/** See the head of this file. */
export class ArchiveSink<V> implements SinkWriter {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #columns: readonly Column<V>[];
  readonly #tileOffsets: number;
  readonly #maxAgeMs: number;
  readonly #execute: Execute;
  readonly #clock: Clock;
  readonly #manifest: Manifest;
  readonly #open = new Map<string, OpenPartition<V>>();

  /** @throws {ConfigurationError} (stop-app) listing everything that is wrong with the options. */
  constructor(options: ArchiveSinkOptions<V>) {
    const problems = checkOptions(options);
    if (problems.length > 0) throw new ConfigurationError(`the archive '${options.prefix}'`, problems);
    this.#store = options.store;
    this.#prefix = checkKey(options.prefix);
    this.#columns = options.columns;
    this.#tileOffsets = options.tileOffsets ?? 50_000;
    this.#maxAgeMs = toMs(options.maxAge ?? '5m');
    this.#execute = options.execute ?? executeOnce;
    this.#clock = options.clock ?? new SystemClock();
    this.#manifest = new Manifest(options.store, this.#prefix, this.#execute);
  }

  /** @returns the offset after the last archived one; undefined when nothing of the partition is archived. */
  async open({ topic, partition }: Place): Promise<number | undefined> {
    const place = { topic, partition };
    const last = await this.#manifest.last(place);
    const durableOffset = last === undefined ? undefined : last.lastOffset + 1;
    const tile = durableOffset === undefined ? undefined : this.#newTile(place, durableOffset);
    this.#open.set(keyOf(place), { place, tile, durableOffset, timer: undefined, turn: Promise.resolve() });
    return durableOffset;
  }

  /**
   * Takes a batch; its records become durable with their object, see {@link durableOffset}. Records that were taken before are
   * passed over, so a batch may be given again.
   *
   * @throws {RecordError} (dead-letter) `MR_SINK_REFUSED` with the offset of a record that does not fit the columns.
   * @throws {TaskError} (restart-task) `MR_SINK_FENCED` when another writer archived these offsets.
   * @throws {TransientError} (retry) when the store is out of reach.
   */
  write(batch: SinkBatch): Promise<void> {
    const opened = this.#opened(batch);
    return this.#inTurn(opened, async () => {
      const tile = (opened.tile ??= this.#newTile(opened.place, batch.firstOffset));
      if (batch.firstOffset > tile.nextOffset) throw this.#gap(batch, tile.nextOffset);
      await this.#take(opened, batch);
      this.#watchAge(opened);
    });
  }

  /** Finishes all objects that hold records: what was written so far is durable when this resolves. */
  async flush(): Promise<void> {
    await Promise.all([...this.#open.values()].map((opened) => this.#inTurn(opened, () => this.#finish(opened))));
  }

  /** Offset up to which everything is in a finished object. */
  durableOffset(place: Place): number | undefined {
    return this.#open.get(keyOf(place))?.durableOffset;
  }

  /** Forgets the partition with what is in no finished object: the next owner reads that again. */
  async close(place: Place): Promise<void> {
    const opened = this.#open.get(keyOf(place));
    if (opened === undefined) return;
    this.#open.delete(keyOf(place));
    opened.timer?.cancel();
    await opened.turn;
    opened.timer?.cancel();
  }

  #newTile(place: Place, firstOffset: number): Tile<V> {
    return new Tile(place, this.#prefix, this.#columns, firstOffset, this.#tileOffsets);
  }

  #opened({ topic, partition }: Place): OpenPartition<V> {
    const opened = this.#open.get(keyOf({ topic, partition }));
    if (opened !== undefined) return opened;
    throw new FatalError('MR_LIFECYCLE_ORDER', `${topic}-${partition} was not opened in the archive '${this.#prefix}'`);
  }

  /** Runs `work` when everything of the partition that came before it is done, however it ended. */
  #inTurn(opened: OpenPartition<V>, work: () => Promise<void>): Promise<void> {
    const result = opened.turn.then(work);
    opened.turn = result.catch(() => undefined);
    return result;
  }

  async #take(opened: OpenPartition<V>, batch: SinkBatch): Promise<void> {
    for (;;) {
      const tile = opened.tile as Tile<V>;
      if (tile.isFinished || tile.isFull) {
        await this.#store1(opened, tile);
        continue;
      }
      const end = Math.min(tile.limit, batch.nextOffset);
      if (end <= tile.nextOffset) return;
      const records = batch.records.filter(({ offset }) => offset >= tile.nextOffset && offset < end);
      const misfit = tile.append(records.map(({ value }) => value as V), end);
      if (misfit !== undefined) {
        const { topic, partition } = opened.place;
        const offset = records[misfit.index]?.offset as number;
        const message = `record ${offset} of ${topic}-${partition} cannot be archived: ${misfit.reason}`;
        throw new RecordError('MR_SINK_REFUSED', message, { place: { topic, partition, offset }, cause: misfit.cause });
      }
    }
  }
}
