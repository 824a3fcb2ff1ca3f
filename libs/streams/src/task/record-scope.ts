/**
 * What one record does, held back until it is known that it succeeds.
 *
 *   begin ─► ( stores written, records sent, operators' stream times moved )* ─► keep     it stands
 *                                                                            └─► undo     it never was
 *
 * Between records everything passes through. Records are copied into one buffer, which is kept for the next.
 */
import type { RecordContext } from '../processor/record-context.js';
import type { StreamTime } from '../processor/stream-time.js';
import type { StateStore } from '../store/state-store.js';
import { UndoLog } from '../store/undo-log.js';
import type { RecordCollector } from './record-collector.js';

/** A record takes so many numbers: partition, timestamp, and start and end of key, value and headers. */
const FIELDS = 8;

/** See the head of this file. */
export class RecordScope implements RecordCollector {
  readonly #collector: RecordCollector;
  #stores: readonly StateStore[] = [];
  readonly #times: StreamTime[] = [];
  readonly #timesBefore: number[] = [];
  readonly #undo = new UndoLog();
  readonly #topics: string[] = [];
  readonly #fields: number[] = [];
  #bytes = Buffer.allocUnsafe(16 * 1024);
  #end = 0;
  #isOpen = false;

  constructor(collector: RecordCollector, context: RecordContext) {
    this.#collector = collector;
    context.undo = this.#undo;
  }

  /** Says which stores the task has. */
  protect(stores: Iterable<StateStore>): void {
    this.#stores = [...stores];
  }

  /** Adds an operator's stream time, which a record that fails must not have moved. */
  watch(time: StreamTime): void {
    this.#times.push(time);
    this.#timesBefore.push(time.ms);
  }

  begin(): void {
    this.#isOpen = true;
    this.#undo.clear();
    for (const store of this.#stores) store.beginRecord();
    for (let nth = 0; nth < this.#times.length; nth++) this.#timesBefore[nth] = (this.#times[nth] as StreamTime).ms;
  }

  /** The record stands: what it sent goes to the collector. */
  keep(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (let nth = 0; nth < this.#topics.length; nth++) this.#send(this.#topics[nth] as string, nth * FIELDS);
    this.#forget();
  }

  /** Takes back everything since {@link begin}. */
  undo(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#forget();
    this.#undo.undoAll();
    for (const store of this.#stores) store.undoRecord();
    for (let nth = 0; nth < this.#times.length; nth++) {
      (this.#times[nth] as StreamTime).ms = this.#timesBefore[nth] as number;
    }
  }

  partitionCount(topic: string): number {
    return this.#collector.partitionCount(topic);
  }

  send(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Buffer | null,
    keyStart: number,
    keyEnd: number,
    value: Buffer | null,
    valueStart: number,
    valueEnd: number,
    headers: Buffer | null,
    headersStart: number,
    headersEnd: number,
  ): void {
    if (!this.#isOpen) {
      this.#collector.send(
        topic,
        partition,
        timestampMs,
        key,
        keyStart,
        keyEnd,
        value,
        valueStart,
        valueEnd,
        headers,
        headersStart,
        headersEnd,
      );
      return;
    }
    this.#collector.checkSize?.(
      topic,
      partition,
      keyEnd - keyStart + (valueEnd - valueStart) + (headersEnd - headersStart),
    );
    this.#topics.push(topic);
    this.#fields.push(partition, timestampMs);
    this.#copy(key, keyStart, keyEnd);
    this.#copy(value, valueStart, valueEnd);
    this.#copy(headers, headersStart, headersEnd);
  }

  #send(topic: string, at: number): void {
    const bytes = this.#bytes;
    const fields = this.#fields;
    this.#collector.send(
      topic,
      fields[at + 0] as number,
      fields[at + 1] as number,
      bytes,
      fields[at + 2] as number,
      fields[at + 3] as number,
      bytes,
      fields[at + 4] as number,
      fields[at + 5] as number,
      (fields[at + 6] as number) < 0 ? null : bytes,
      fields[at + 6] as number,
      fields[at + 7] as number,
    );
  }

  #copy(from: Buffer | null, start: number, end: number): void {
    if (from === null || start < 0) {
      this.#fields.push(-1, -1);
      return;
    }
    const at = this.#end;
    const next = at + end - start;
    if (next > this.#bytes.length) this.#grow(next);
    from.copy(this.#bytes, at, start, end);
    this.#fields.push(at, next);
    this.#end = next;
  }

  #grow(atLeast: number): void {
    const larger = Buffer.allocUnsafe(Math.max(atLeast, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }

  #forget(): void {
    this.#topics.length = 0;
    this.#fields.length = 0;
    this.#end = 0;
  }
}
