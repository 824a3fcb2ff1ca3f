import { FatalError, RecordError, type Clock, type Timer } from '@millrace/kernel';
import type { SinkBatch, TopicPartition } from '@millrace/streams';
import { createHash } from 'node:crypto';
import { archiveChannels } from '../diagnostics/channels.js';
import type { Execute } from '../execute.js';
import type { Manifest } from '../manifest/manifest.js';
import type { Column } from '../parquet/column.js';
import type { ObjectStore } from '../store/object-store.js';
import { objectPrefix, Tile, type FinishedTile } from './tile.js';

/** What all partitions of an archive share. */
export interface ArchiveParts<V> {
  readonly store: ObjectStore;
  readonly manifest: Manifest;
  readonly prefix: string;
  readonly columns: readonly Column<V>[];
  readonly tileOffsets: number;
  readonly maxAgeMs: number;
  readonly execute: Execute;
  readonly clock: Clock;
}

/** One partition that a writer archives; see `archive-sink.ts` for the invariants. */
export class PartitionArchive<V> {
  readonly #parts: ArchiveParts<V>;
  readonly #place: TopicPartition;
  #tile: Tile<V> | undefined;
  #durableOffset: number | undefined;
  #timer: Timer | undefined;
  /** The end of what is under way: writes, flushes and the timer take turns. */
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(parts: ArchiveParts<V>, place: TopicPartition, durableOffset: number | undefined) {
    this.#parts = parts;
    this.#place = place;
    this.#durableOffset = durableOffset;
    if (durableOffset !== undefined) this.#tile = this.#newTile(durableOffset);
  }

  /** Goes on where the manifest ends, and clears away what a former owner has left. */
  static async open<V>(parts: ArchiveParts<V>, place: TopicPartition): Promise<PartitionArchive<V>> {
    const last = await parts.manifest.last(place);
    await discardUnfinished(parts, place);
    return new PartitionArchive(parts, place, last === undefined ? undefined : last.lastOffset + 1);
  }

  /** Offset after the last manifest entry; undefined when there is none. */
  get durableOffset(): number | undefined {
    return this.#durableOffset;
  }

  write(batch: SinkBatch<unknown, V>): Promise<void> {
    return this.#inTurn(async () => {
      this.#tile ??= this.#newTile(batch.firstOffset);
      if (batch.firstOffset > this.#tile.nextOffset) throw this.#gap(this.#tile.nextOffset, batch.firstOffset);
      await this.#take(this.#tile, batch);
      this.#watchAge();
    });
  }

  /** Finishes the open object if it holds records. */
  flush(): Promise<void> {
    return this.#inTurn(async () => {
      const tile = this.#tile;
      if (tile !== undefined && tile.records > 0) await this.#finish(tile);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    this.#timer?.cancel();
  }

  #newTile(firstOffset: number): Tile<V> {
    const { prefix, columns, tileOffsets } = this.#parts;
    return new Tile(this.#place, prefix, columns, firstOffset, tileOffsets);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Takes what of the batch was not taken before. A tile that could not be stored in an earlier call comes first. */
  async #take(tile: Tile<V>, batch: SinkBatch<unknown, V>): Promise<void> {
    for (;;) {
      if (tile.isFinished || tile.isFull) tile = await this.#finish(tile);
      const end = Math.min(tile.limit, batch.nextOffset);
      if (end <= tile.nextOffset) return;
      const first = tile.nextOffset;
      const records = batch.records.filter(({ offset }) => offset >= first && offset < end);
      const misfit = tile.append(
        records.map(({ value }) => value as V),
        end,
      );
      if (misfit === undefined) continue;
      const { topic, partition } = this.#place;
      const offset = records[misfit.index]?.offset as number;
      throw new RecordError(
        'MR_SINK_REFUSED',
        `record ${offset} of ${topic}-${partition} cannot be archived: ${misfit.reason}`,
        {
          place: { topic, partition, offset },
          cause: misfit.cause,
        },
      );
    }
  }

  /** Stores a tile and its entry. @returns the tile that follows. */
  async #finish(tile: Tile<V>): Promise<Tile<V>> {
    const { clock, manifest } = this.#parts;
    const startedMs = clock.monotonicMs();
    const finished = tile.finish();
    const wasThere = await this.#store(finished);
    await manifest.add(finished.entry);
    const { topic, partition, firstOffset, lastOffset, records, bytes } = finished.entry;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#durableOffset = lastOffset + 1;
    this.#tile = this.#newTile(this.#durableOffset);
    const durationMs = clock.monotonicMs() - startedMs;
    archiveChannels.objectArchived.publish({
      topic,
      partition,
      firstOffset,
      lastOffset,
      records,
      bytes,
      durationMs,
      wasThere,
    });
    return this.#tile;
  }

  /** @returns whether the object was there already: then its bytes are compared, not trusted. */
  async #store({ entry, bytes }: FinishedTile): Promise<boolean> {
    const { execute, store } = this.#parts;
    const result = await execute((signal) => store.put(entry.object, bytes, { ifNoneMatch: '*', signal }));
    if (result === 'created') return false;
    const found = await execute((signal) => store.get(entry.object, { signal }));
    if (found !== undefined && createHash('sha256').update(found).digest('hex') === entry.sha256) return true;
    const message = `the object '${entry.object}' holds other bytes than its name says: remove it, it is in no manifest`;
    throw new FatalError('MR_ARCHIVE_CORRUPT', message, { place: { key: entry.object } });
  }

  #watchAge(): void {
    if (this.#timer !== undefined || this.#closed || (this.#tile?.records ?? 0) === 0) return;
    const onAge = (): void => {
      this.#timer = undefined;
      this.flush().catch((error: unknown) => {
        archiveChannels.failed.publish({ ...this.#place, error });
        this.#watchAge();
      });
    };
    this.#timer = this.#parts.clock.setTimer(this.#parts.maxAgeMs, onAge, { unref: true });
  }

  #gap(expected: number, got: number): FatalError {
    const { topic, partition } = this.#place;
    const message =
      `${topic}-${partition} is archived up to offset ${expected}, but the topic goes on at ${got}: the records between are lost. ` +
      'To go on without them, archive under another prefix; to keep it from happening, raise retention.ms of the topic';
    return new FatalError('MR_OFFSET_OUT_OF_RANGE', message, { place: { topic, partition, offset: expected } });
  }
}

/** Of 20 digits, an exact number takes 16. */
const OFFSET_ZEROS = '0000';

/** Nothing is wrong where this fails: what is left takes up space, and the next owner tries again. */
async function discardUnfinished<V>(
  { store, execute, prefix }: ArchiveParts<V>,
  { topic, partition }: TopicPartition,
): Promise<void> {
  if (store.discardUnfinished === undefined) return;
  // Offsets begin with these zeros, so that topic `a-1`, whose objects begin with those of partition 1 of `a`, is left alone.
  const left = `${objectPrefix(prefix, { topic, partition })}${OFFSET_ZEROS}`;
  try {
    const uploads = await execute((signal) => store.discardUnfinished!(left, { signal }));
    if (uploads > 0) archiveChannels.uploadsDiscarded.publish({ topic, partition, uploads });
  } catch (error) {
    archiveChannels.failed.publish({ topic, partition, error });
  }
}
