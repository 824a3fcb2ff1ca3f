import type { UndoLog } from '../store/undo-log.js';
import type { Outcome } from './processor-node.js';

const NO_HEADERS = Buffer.from([0]);

/**
 * The record that a task is working on: where it came from, and its headers as the bytes that carried them.
 *
 * One object a task, overwritten for every record; nothing may keep it. Bytes of key and value are remembered beside what
 * they were decoded to, so that an unchanged one is forwarded as bytes.
 */
export class RecordContext {
  topic = '';
  partition = -1;
  offset = -1;
  timestampMs = -1;
  /** The headers with their count, as in a record batch: `headers[headersStart, headersEnd)`. */
  headers: Buffer = NO_HEADERS;
  headersStart = 0;
  headersEnd = 1;
  /** The bytes of the current record. */
  buffer: Buffer = NO_HEADERS;
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  /** What key and value were decoded to; compared by identity. */
  key: unknown = null;
  value: unknown = null;
  /** By whom they were decoded: bytes are forwarded only to a place with the same serde. */
  keySerde: unknown;
  valueSerde: unknown;

  /** What {@link during} keeps the record of now in. */
  #spare: RecordContext | undefined;

  /** Takes back what operators keep outside the stores; undefined where no record is taken back alone. */
  undo: UndoLog | undefined;

  /** Says that user code had the value in hand and may have changed it in place: its bytes no longer stand for it. */
  forgetValue(): void {
    this.valueSerde = undefined;
  }

  /** The bytes that the value was decoded from by `serde`, if it is still the same value; undefined otherwise. */
  valueBytes(value: unknown, serde: unknown): Buffer | undefined {
    if (value !== this.value || serde !== this.valueSerde || this.valueStart < 0) return undefined;
    return this.buffer.subarray(this.valueStart, this.valueEnd);
  }

  /** The headers to keep beyond this record: the batch that they came in may be reused, and would be held whole. */
  copyOfHeaders(): Buffer {
    if (this.headersEnd - this.headersStart <= 1) return NO_HEADERS;
    return Buffer.from(this.headers.subarray(this.headersStart, this.headersEnd));
  }

  /**
   * Does `work` as if for a record of the given time and headers, one that was kept from earlier; then goes on with the
   * record of now.
   */
  during(timestampMs: number, headers: Buffer, work: () => Outcome): Outcome {
    const now = this.#spare ?? new RecordContext();
    this.#spare = undefined;
    now.#take(this);
    this.clear(timestampMs);
    this.headers = headers;
    this.headersEnd = headers.length;
    let outcome: Outcome;
    try {
      outcome = work();
    } catch (cause) {
      this.#goBackTo(now);
      throw cause;
    }
    if (outcome !== undefined) return outcome.finally(() => this.#goBackTo(now));
    this.#goBackTo(now);
    return undefined;
  }

  #goBackTo(now: RecordContext): void {
    this.#take(now);
    this.#spare = now;
  }

  /** Field by field: spreading an object costs more than all that is done with one. */
  #take(from: RecordContext): void {
    this.topic = from.topic;
    this.partition = from.partition;
    this.offset = from.offset;
    this.timestampMs = from.timestampMs;
    this.headers = from.headers;
    this.headersStart = from.headersStart;
    this.headersEnd = from.headersEnd;
    this.buffer = from.buffer;
    this.keyStart = from.keyStart;
    this.keyEnd = from.keyEnd;
    this.valueStart = from.valueStart;
    this.valueEnd = from.valueEnd;
    this.key = from.key;
    this.value = from.value;
    this.keySerde = from.keySerde;
    this.valueSerde = from.valueSerde;
  }

  /** Forgets the source record: what follows comes from a store or a punctuator. */
  clear(timestampMs: number): void {
    this.topic = '';
    this.partition = -1;
    this.offset = -1;
    this.timestampMs = timestampMs;
    this.headers = NO_HEADERS;
    this.headersStart = 0;
    this.headersEnd = 1;
    this.buffer = NO_HEADERS;
    this.keyStart = this.keyEnd = this.valueStart = this.valueEnd = -1;
    this.key = this.value = null;
    this.keySerde = this.valueSerde = undefined;
  }
}
