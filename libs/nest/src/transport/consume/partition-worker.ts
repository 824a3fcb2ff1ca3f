/**
 * Hands the records of one partition to their handler, as its delivery says, and keeps account of what is settled.
 *
 *   working ──drain()──▶ draining ──all that was handed over has ended──▶ drained
 *      │                    └──time is over──▶ lost
 *      └──lose()──▶ lost
 *
 * Invariants:
 * - records begin in the order of their offsets; those of a lane (the partition, or a key) end in it too;
 * - an offset counts as settled only while the partition is owned: a late acknowledgement changes nothing;
 * - no more than two fetched batches are held: `hungry` asks for another when the last one is begun.
 */
import { CommittedRecords, type FetchedBatch, type TopicPartition } from '@millrace/client';
import type { Clock } from '@millrace/kernel';
import type { Delivery } from '../delivery-options.js';
import { receivedRecord, type ReceivedRecord } from '../record/received-record.js';
import { ChangeSignal } from './change-signal.js';
import { Interrupted } from './interrupted.js';
import { OffsetLedger } from './offset-ledger.js';

/** What handling records may ask of their partition. */
export interface DeliveryScope {
  readonly delivery: Delivery;
  /** Aborted when the partition is about to be given up: what has begun may end, nothing begins again. */
  readonly closing: AbortSignal;
  /** Aborted when nothing can be settled any more. */
  readonly gone: AbortSignal;
  /** The record is done for good. */
  settle(offset: number): void;
  /** Whether the record is not settled yet. */
  isOpen(offset: number): boolean;
}

/**
 * Handles records to their end, failures included: when it resolves, each is settled or, with `ack: 'manual'`, left to be.
 *
 * @throws {Interrupted} when it has ended early because the partition is closing; any other error ends the server.
 */
export type HandleRecords = (records: readonly ReceivedRecord[], scope: DeliveryScope) => Promise<void>;

/** Whom a worker tells. */
export interface WorkerListener {
  /** The last fetched batch was begun: more may be added. */
  readonly hungry: () => void;
  /** {@link PartitionWorker.committable} may have risen. */
  readonly settled: () => void;
  /** Handling has thrown what it cannot deal with. */
  readonly failed: (error: Error) => void;
}

/** See the head of this file. */
export class PartitionWorker implements DeliveryScope {
  readonly place: TopicPartition;
  readonly delivery: Delivery;
  /** What was committed last. */
  committed: number;
  readonly #ledger: OffsetLedger;
  readonly #handle: HandleRecords;
  readonly #listener: WorkerListener;
  readonly #closing = new AbortController();
  readonly #gone = new AbortController();
  readonly #changed = new ChangeSignal();
  readonly #waiting: FetchedBatch[] = [];
  readonly #reader = new CommittedRecords();
  #current: FetchedBatch | undefined;
  #isRunning = false;
  /** Calls of {@link HandleRecords} under way. */
  #active = 0;
  /** Records that are under way or, handed over, still to be acknowledged. */
  readonly #handed = new Set<number>();
  /** The last call of each key that has one under way. */
  readonly #lanes = new Map<string, Promise<void>>();

  constructor(
    place: TopicPartition,
    startOffset: number,
    delivery: Delivery,
    handle: HandleRecords,
    listener: WorkerListener,
  ) {
    this.place = place;
    this.delivery = delivery;
    this.committed = startOffset;
    this.#ledger = new OffsetLedger(startOffset);
    this.#handle = handle;
    this.#listener = listener;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Offset of the first record that a restart must see again. */
  get committable(): number {
    return this.#ledger.committable;
  }

  /** Records that were handed over and are not settled. */
  get unsettled(): number {
    return this.#handed.size;
  }

  /** Takes what was fetched. */
  add(batch: FetchedBatch): void {
    if (this.#closing.signal.aborted) return;
    this.#waiting.push(batch);
    if (!this.#isRunning) this.#start();
  }

  #start(): void {
    this.#isRunning = true;
    this.#run()
      .catch((error: Error) => {
        // What follows must not overtake what could not be read.
        this.#closing.abort(new Interrupted());
        this.#listener.failed(error);
      })
      .finally(() => {
        this.#isRunning = false;
        this.#changed.notify();
        // Added after the run had found nothing more, and before it was over.
        if (this.#waiting.length > 0 && !this.#closing.signal.aborted) this.#start();
      });
  }

  settle(offset: number): void {
    if (this.#gone.signal.aborted || !this.#ledger.settle(offset)) return;
    this.#handed.delete(offset);
    this.#changed.notify();
    this.#listener.settled();
  }

  isOpen(offset: number): boolean {
    return this.#ledger.isOpen(offset);
  }

  /**
   * Begins nothing more and waits for what was handed over, for `timeoutMs` at most; pauses between attempts end at once.
   *
   * @returns false when something had not ended: it counts as not settled, whatever it does later.
   */
  async drain(clock: Clock, timeoutMs: number): Promise<boolean> {
    this.#closing.abort(new Interrupted());
    this.#waiting.length = 0;
    this.#changed.notify();
    const isIdle = (): boolean => this.#active === 0 && this.#handed.size === 0;
    let isOver = false;
    const timer = clock.setTimer(timeoutMs, () => {
      isOver = true;
      this.#changed.notify();
    });
    await this.#changed.until(() => isIdle() || isOver || this.#gone.signal.aborted);
    timer.cancel();
    const drained = isIdle();
    this.#gone.abort(new Interrupted());
    return drained;
  }

  /** The partition belongs to somebody else: nothing is settled any more. */
  lose(): void {
    this.#closing.abort(new Interrupted());
    this.#gone.abort(new Interrupted());
    this.#waiting.length = 0;
    this.#changed.notify();
  }

  async #run(): Promise<void> {
    const { batch, order } = this.delivery;
    for (;;) {
      await this.#changed.until(() => this.#closing.signal.aborted || this.#room() > 0);
      if (this.#closing.signal.aborted) return;
      const records = this.#take(this.#room());
      if (records.length === 0) return;
      if (batch || order === 'partition') await this.#hand(records);
      else this.#handInLane(records[0] as ReceivedRecord);
    }
  }

  /** How many records may be handed over together now. */
  #room(): number {
    const { order, batch, concurrency, ack, maxUnacknowledged, maxBatchRecords } = this.delivery;
    if (this.#active >= (batch || order === 'partition' ? 1 : concurrency)) return 0;
    const most = batch ? maxBatchRecords : 1;
    // Those count too that wait for their turn in a lane.
    return ack === 'manual' ? Math.min(most, maxUnacknowledged - this.#ledger.open) : most;
  }

  /** Decodes records, as many as asked for or as there are. */
  #take(most: number): ReceivedRecord[] {
    const { topic, partition } = this.place;
    const taken: ReceivedRecord[] = [];
    while (taken.length < most) {
      if (this.#current === undefined) {
        this.#current = this.#waiting.shift();
        if (this.#current === undefined) break;
        this.#reader.reset(this.#current);
        if (this.#waiting.length === 0) this.#listener.hungry();
      }
      if (this.#reader.nextRecord()) {
        taken.push(receivedRecord(topic, partition, this.#reader));
        this.#ledger.begin(this.#reader.cursor.offset);
        continue;
      }
      this.#ledger.passed(this.#current.nextOffset);
      this.#current = undefined;
      this.#listener.settled();
    }
    return taken;
  }

  #handInLane(record: ReceivedRecord): void {
    if (record.key === null) {
      void this.#hand([record]);
      return;
    }
    const lane = record.key.toString('latin1');
    const before = this.#lanes.get(lane);
    const work = before === undefined ? this.#hand([record]) : this.#hand([record], before);
    this.#lanes.set(lane, work);
    void work.then(() => {
      if (this.#lanes.get(lane) === work) this.#lanes.delete(lane);
    });
  }

  /** Never rejects. */
  async #hand(records: readonly ReceivedRecord[], before?: Promise<void>): Promise<void> {
    this.#active += 1;
    try {
      await before;
      if (this.#closing.signal.aborted) return;
      for (const { offset } of records) this.#handed.add(offset);
      await this.#handle(records, this);
    } catch (error) {
      for (const { offset } of records) this.#handed.delete(offset);
      if (error instanceof Interrupted) return;
      // What follows must not overtake it.
      this.#closing.abort(new Interrupted());
      this.#listener.failed(error as Error);
    } finally {
      this.#active -= 1;
      this.#changed.notify();
    }
  }
}
