/**
 * Writes the records of a topic into a table, each effect exactly once.
 *
 * Invariants:
 * - rows and the offset behind them change in one database transaction, or not at all;
 * - the offset row moves only for the owner that took it last (epoch), and only from where that owner left it: the write of
 *   a former owner changes nothing and fails with `MR_SINK_FENCED`;
 * - a COMMIT whose answer was lost is never guessed about: the offset row says whether it was done.
 *
 * ```
 *  open: epoch + 1 ──► owner ──write──► owner, next_offset moved on
 *                        │  next open elsewhere: epoch + 1
 *                        └──► fenced
 * ```
 */
import { ConfigurationError, FatalError, SystemClock, TaskError, type Clock } from '@millrace/kernel';
import type { SinkBatch, SinkFence, SinkWriter, TopicPartition } from '@millrace/streams';
import type { DataSource } from 'typeorm';
import { executeOnce, type Execute } from '../connection/execute.js';
import { withSession, type Session } from '../connection/session.js';
import { postgresChannels } from '../diagnostics/channels.js';
import { sqlError } from '../errors/sql-error.js';
import { MonthlyPartitions } from '../partitions/monthly-partitions.js';
import { rowsOf, type BatchRows } from './batch-rows.js';
import {
  ADVANCE_OFFSET_ROW,
  READ_OFFSET_ROW,
  statementsFor,
  TAKE_OFFSET_ROW,
  type TableStatements,
} from './statements.js';
import { checkMapping, type TableMapping } from './table-mapping.js';

/** How to write a topic into a table. */
export interface IdempotentBatchWriterOptions<K, V> {
  /** Connected, with the migrations run. */
  readonly dataSource: DataSource;
  /** Names the writer in `sink_offset`; permanent. Two writers that share it share their offsets. */
  readonly sink: string;
  readonly table: TableMapping<K, V>;
  /** What stands around each transaction. Default: nothing but the time-outs of the connection. */
  readonly execute?: Execute;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

interface OwnedPartition {
  readonly epoch: number;
  nextOffset: number | undefined;
}

interface OffsetRow {
  readonly nextOffset: number | undefined;
  readonly epoch: number;
  readonly member: string;
}

/** See the head of this file. */
export class IdempotentBatchWriter<K, V> implements SinkWriter<K, V> {
  readonly #dataSource: DataSource;
  readonly #sink: string;
  readonly #table: TableMapping<K, V>;
  readonly #statements: TableStatements;
  readonly #months: MonthlyPartitions | undefined;
  readonly #execute: Execute;
  readonly #clock: Clock;
  readonly #owned = new Map<string, OwnedPartition>();

  /** @throws {ConfigurationError} (stop-app) listing everything that is wrong with the mapping. */
  constructor({ dataSource, sink, table, execute, clock }: IdempotentBatchWriterOptions<K, V>) {
    const problems = checkMapping(table);
    if (sink === '') problems.push('sink: must not be empty');
    if (problems.length > 0) throw new ConfigurationError(`the PostgreSQL sink '${sink}'`, problems);
    this.#dataSource = dataSource;
    this.#sink = sink;
    this.#table = table;
    this.#statements = statementsFor(table);
    this.#months =
      table.partitionedByMonthOf === undefined
        ? undefined
        : new MonthlyPartitions(table.table, table.partitionedByMonthOf);
    this.#execute = execute ?? executeOnce;
    this.#clock = clock ?? new SystemClock();
  }

  /**
   * Takes the partition's offset row, which fences every former owner.
   *
   * @returns the offset after the last committed batch; undefined when this sink never wrote the partition.
   */
  async open(place: TopicPartition, fence: SinkFence): Promise<number | undefined> {
    const parameters = [this.#sink, place.topic, place.partition, fence.memberId, fence.generationId];
    const row = await this.#call(place, (signal) =>
      withSession(this.#dataSource, signal, async (session) => {
        const { rows } = await session.query(TAKE_OFFSET_ROW, parameters);
        return rows[0] as Record<string, unknown>;
      }),
    );
    const nextOffset = offsetOf(row);
    this.#owned.set(keyOf(place), { epoch: Number(row.epoch), nextOffset });
    return nextOffset;
  }

  /**
   * Writes a batch. Records below the committed offset are passed over, so a batch may be given again.
   *
   * @throws {TaskError} (restart-task) `MR_SINK_FENCED` when another owner took the partition.
   * @throws {RecordError} (dead-letter) `MR_SINK_REFUSED` when the table does not take a record; its offset where it is known.
   * @throws {TransientError} (retry) when the database is out of reach, slow or in conflict.
   * @throws {FatalError} (stop-app) `MR_SINK_REFUSED` when table and mapping do not fit, or rights are missing.
   */
  async write(batch: SinkBatch<K, V>): Promise<void> {
    const owned = this.#ownedPartition(batch);
    const startedMs = this.#clock.monotonicMs();
    const rows = await this.#call(batch, (signal) => this.#writeOnce(owned, batch, signal));
    const { topic, partition } = batch;
    const durationMs = this.#clock.monotonicMs() - startedMs;
    postgresChannels.batchCommitted.publish({ sink: this.#sink, topic, partition, rows, durationMs });
  }

  /** The offset after the last committed batch; undefined when there is none. */
  durableOffset(place: TopicPartition): number | undefined {
    return this.#owned.get(keyOf(place))?.nextOffset;
  }

  /** Forgets the partition. What was written stays; nothing is pending between writes. */
  async close(place: TopicPartition): Promise<void> {
    this.#owned.delete(keyOf(place));
  }

  #ownedPartition({ topic, partition }: TopicPartition): OwnedPartition {
    const owned = this.#owned.get(keyOf({ topic, partition }));
    if (owned !== undefined) return owned;
    throw new FatalError('MR_LIFECYCLE_ORDER', `${topic}-${partition} was not opened in the sink '${this.#sink}'`);
  }

  async #writeOnce(owned: OwnedPartition, batch: SinkBatch<K, V>, signal: AbortSignal): Promise<number> {
    for (;;) {
      const expected = owned.nextOffset;
      if (expected !== undefined && batch.nextOffset <= expected) return 0;
      const records = batch.records.filter(({ offset }) => expected === undefined || offset >= expected);
      const rows = rowsOf(this.#table, batch, records);
      await this.#months?.ensure(this.#dataSource, signal, this.#monthColumn(rows));
      if (await this.#commit(owned.epoch, expected, batch, rows, signal)) {
        owned.nextOffset = batch.nextOffset;
        return rows.upsertCount + rows.removalCount;
      }
      await this.#resolve(owned, batch, signal);
    }
  }

  /** @returns whether the offset row was where this owner left it; when it was not, nothing has changed. */
  #commit(
    epoch: number,
    expected: number | undefined,
    batch: SinkBatch<K, V>,
    rows: BatchRows,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { topic, partition, nextOffset } = batch;
    const advance = [nextOffset, this.#sink, topic, partition, epoch, expected ?? null];
    return withSession(this.#dataSource, signal, async (session) => {
      await session.query('BEGIN');
      const advanced = await session.query(ADVANCE_OFFSET_ROW, advance);
      if (advanced.rowCount !== 1) {
        await session.query('ROLLBACK');
        return false;
      }
      if (rows.upsertCount > 0) await session.query(this.#statements.upsert, rows.upserts);
      if (rows.removalCount > 0) await session.query(this.#statements.remove, rows.removals);
      await session.query('COMMIT');
      return true;
    });
  }

  /** The offset row is not where it was left: either our own COMMIT was done though its answer was lost, or we are fenced. */
  async #resolve(owned: OwnedPartition, batch: SinkBatch<K, V>, signal: AbortSignal): Promise<void> {
    const row = await withSession(this.#dataSource, signal, (session) => this.#readOffsetRow(session, batch));
    const { topic, partition } = batch;
    if (row?.epoch !== owned.epoch) {
      throw new TaskError(
        'MR_SINK_FENCED',
        `${topic}-${partition} of the sink '${this.#sink}' belongs to ${row === undefined ? 'nobody' : `'${row.member}'`} now; open it again`,
        { place: { topic, partition, epoch: owned.epoch } },
      );
    }
    owned.nextOffset = row.nextOffset;
    postgresChannels.commitResolved.publish({ sink: this.#sink, topic, partition });
  }

  async #readOffsetRow(session: Session, { topic, partition }: TopicPartition): Promise<OffsetRow | undefined> {
    const [row] = (await session.query(READ_OFFSET_ROW, [this.#sink, topic, partition])).rows;
    return row && { nextOffset: offsetOf(row), epoch: Number(row.epoch), member: String(row.member) };
  }

  #monthColumn({ upserts }: BatchRows): readonly unknown[] {
    const position = this.#table.key.findIndex(({ name }) => name === this.#table.partitionedByMonthOf);
    return upserts[position] ?? [];
  }

  #call<T>({ topic, partition }: TopicPartition, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#execute(async (signal) => {
      try {
        return await call(signal);
      } catch (error) {
        throw sqlError(error, `the sink '${this.#sink}'`, { topic, partition });
      }
    });
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

function offsetOf({ next_offset: offset }: Record<string, unknown>): number | undefined {
  return offset === null ? undefined : Number(offset);
}
