import { RecordError } from '@millrace/kernel';
import { readHeaders } from '@millrace/protocol';
import { settled } from '../serde/json/lazy-object.js';
import type { Serde } from '../serde/serde.js';
import { keyText } from './key-text.js';
import { SortedTimes } from './sorted-times.js';
import type { ChangelogWriter, StateStore } from './state-store.js';
import { UndoLog } from './undo-log.js';

/** An update that is held back. */
export interface BufferedUpdate<K, V> {
  readonly key: K;
  readonly value: V | null;
  /** What those below know of the key: its value before the first update that was held back. */
  readonly prior: V | null;
  /** By what time the update leaves: that of the first one held back for this key, or its window's end. */
  readonly dueMs: number;
  readonly timestampMs: number;
  /** The headers of the record that caused the update, as in a record batch. */
  readonly headers: Buffer;
  /** What it is counted for, as Kafka Streams counts where the topic is known: key, values, headers and where it came from. */
  readonly bytes: number;
}

const HEADER_BYTES = 32;
/** What Kafka Streams counts for the due time, the timestamp, the offset and the partition of an update. */
const CONTEXT_BYTES = 28;
/** A windowed key ends with a sequence number here, of 4 bytes, and not in Kafka Streams. */
const SEQUENCE_BYTES = 4;

/**
 * The latest update of each key until it is due: in order of {@link BufferedUpdate.dueMs}, then of the key. The changelog is written
 * at the commit, for the keys that have changed since the one before.
 */
export class HeapSuppressBuffer<K, V> implements StateStore {
  readonly name: string;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #changelog: ChangelogWriter | undefined;
  readonly #updates = new Map<string, BufferedUpdate<K, V>>();
  /** The keys that are due at a time, in order. */
  readonly #byDue = new Map<number, string[]>();
  readonly #dues = new SortedTimes();
  readonly #changed = new Map<string, K>();
  readonly #undo = new UndoLog();
  #bytes = 0;

  constructor(name: string, serdes: { readonly key: Serde<K>; readonly value: Serde<V> }, changelog?: ChangelogWriter) {
    this.name = name;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#changelog = changelog;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Holds an update back; one that is held already keeps its place in line.
   *
   * @param topic where the record came from that caused it, if bytes are to be counted exactly. Default: they are estimated.
   */
  put(
    key: K,
    value: V | null,
    old: V | null,
    dueMs: number,
    timestampMs: number,
    headers: Buffer,
    topic?: string,
  ): void {
    const text = this.#text(key);
    const held = this.#updates.get(text);
    const prior = held === undefined ? settled(old) : held.prior;
    const valueBytes = value === null ? 0 : this.#value.serialize(value).length;
    const update = {
      key,
      value: settled(value),
      prior,
      dueMs: held?.dueMs ?? dueMs,
      timestampMs,
      headers,
      bytes:
        topic === undefined
          ? text.length + valueBytes + headers.length + HEADER_BYTES
          : this.#keyBytes(key) + valueBytes + this.#oldBytes(prior, old) + originBytes(topic, headers),
    };
    this.#set(text, update);
    this.#note(text, key, held);
  }

  /** The update that is due first; undefined when none is held. */
  first(): BufferedUpdate<K, V> | undefined {
    const { earliestMs } = this.#dues;
    if (earliestMs === undefined) return undefined;
    const [text] = this.#byDue.get(earliestMs) ?? [];
    return text === undefined ? undefined : this.#updates.get(text);
  }

  /** The update that is held for a key. */
  get(key: K): BufferedUpdate<K, V> | undefined {
    return this.#updates.get(this.#text(key));
  }

  take(update: BufferedUpdate<K, V>): void {
    const text = this.#text(update.key);
    this.#delete(text);
    this.#note(text, update.key, update);
  }

  /** When the last of the updates is due; undefined when none is held. */
  latestDueMs(): number | undefined {
    return this.#dues.latestMs;
  }

  /** Writes what has changed since the last time to the changelog. */
  flush(): void {
    for (const [text, key] of this.#changed) {
      const update = this.#updates.get(text);
      const value = update === undefined ? null : this.#encode(update);
      this.#changelog?.append(this.#key.serialize(key), value, update?.timestampMs ?? 0);
    }
    this.#changed.clear();
  }

  restore(buffer: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const key = this.#key.deserialize(buffer, keyStart, keyEnd);
    const text = this.#text(key);
    if (valueStart < 0) this.#delete(text);
    else this.#set(text, this.#decode(key, buffer, valueStart, valueEnd));
  }

  commit(): void {
    this.#undo.clear();
  }

  rollback(): void {
    this.#undo.undoAll();
    this.#changed.clear();
  }

  beginRecord(): void {
    this.#undo.mark();
  }

  undoRecord(): void {
    this.#undo.undoToMark();
  }

  size(): number {
    return this.#updates.size;
  }

  #keyBytes(key: K): number {
    const { length } = this.#key.serialize(key);
    return this.#key.name.startsWith('windowed(') ? length - SEQUENCE_BYTES : length;
  }

  /** What those below know, and the value before this update where that is another one. */
  #oldBytes(prior: V | null, old: V | null): number {
    const priorBytes = prior === null ? undefined : this.#value.serialize(prior);
    if (prior === old || old === null) return priorBytes?.length ?? 0;
    const oldBytes = this.#value.serialize(old);
    return oldBytes.length + (priorBytes === undefined || priorBytes.equals(oldBytes) ? 0 : priorBytes.length);
  }

  #text(key: K): string {
    return keyText(key, this.#key);
  }

  /** Remembers what was held for a key: for the changelog and for a rollback. */
  #note(text: string, key: K, held: BufferedUpdate<K, V> | undefined): void {
    this.#changed.set(text, key);
    this.#undo.push(() => {
      if (held === undefined) this.#delete(text);
      else this.#set(text, held);
    });
  }

  #set(text: string, update: BufferedUpdate<K, V>): void {
    const held = this.#updates.get(text);
    this.#bytes += update.bytes - (held?.bytes ?? 0);
    this.#updates.set(text, update);
    if (held !== undefined) return;
    const due = this.#byDue.get(update.dueMs);
    if (due !== undefined) {
      due.splice(placeIn(due, text), 0, text);
      return;
    }
    this.#byDue.set(update.dueMs, [text]);
    this.#dues.add(update.dueMs);
  }

  #delete(text: string): void {
    const held = this.#updates.get(text);
    if (held === undefined) return;
    this.#bytes -= held.bytes;
    this.#updates.delete(text);
    const due = this.#byDue.get(held.dueMs) ?? [];
    due.splice(placeIn(due, text), 1);
    if (due.length > 0) return;
    this.#byDue.delete(held.dueMs);
    this.#dues.delete(held.dueMs);
  }

  /**
   * Due time and timestamp (float64), the lengths of value, prior value and headers (int32, -1 for null), what it is counted for (int32),
   * then their bytes.
   */
  #encode({ value, prior, dueMs, timestampMs, headers, bytes }: BufferedUpdate<K, V>): Buffer {
    const valueBytes = value === null ? null : this.#value.serialize(value);
    const priorBytes = prior === null ? null : this.#value.serialize(prior);
    const head = Buffer.allocUnsafe(HEADER_BYTES);
    head.writeDoubleBE(dueMs, 0);
    head.writeDoubleBE(timestampMs, 8);
    head.writeInt32BE(valueBytes?.length ?? -1, 16);
    head.writeInt32BE(priorBytes?.length ?? -1, 20);
    head.writeInt32BE(headers.length, 24);
    head.writeInt32BE(bytes, 28);
    return Buffer.concat([
      head,
      ...(valueBytes === null ? [] : [valueBytes]),
      ...(priorBytes === null ? [] : [priorBytes]),
      headers,
    ]);
  }

  #decode(key: K, buffer: Buffer, start: number, end: number): BufferedUpdate<K, V> {
    if (end - start < HEADER_BYTES) {
      throw new RecordError('MR_RECORD_UNREADABLE', `the changelog of '${this.name}' holds a record that is cut short`);
    }
    const [valueLength, priorLength, headersLength] = [16, 20, 24].map((at) => buffer.readInt32BE(start + at)) as [
      number,
      number,
      number,
    ];
    const valueStart = start + HEADER_BYTES;
    const priorStart = valueStart + Math.max(0, valueLength);
    const headersStart = priorStart + Math.max(0, priorLength);
    return {
      key,
      value: valueLength < 0 ? null : this.#value.deserialize(buffer, valueStart, priorStart),
      prior: priorLength < 0 ? null : this.#value.deserialize(buffer, priorStart, headersStart),
      dueMs: buffer.readDoubleBE(start),
      timestampMs: buffer.readDoubleBE(start + 8),
      headers: Buffer.from(buffer.subarray(headersStart, headersStart + headersLength)),
      bytes: buffer.readInt32BE(start + 28),
    };
  }
}

/** What Kafka Streams counts for the context of a record: times, offset, partition, topic, names and values of headers. */
function originBytes(topic: string, headers: Buffer): number {
  let bytes = CONTEXT_BYTES + topic.length;
  for (const { key, value } of readHeaders(headers, 0, headers.length)) bytes += key.length + (value?.length ?? 0);
  return bytes;
}

/** Index of the first of the sorted texts that is not before `text`. */
function placeIn(texts: readonly string[], text: string): number {
  let low = 0;
  let high = texts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((texts[middle] as string) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
