import type { GrowingBytes } from '@millrace/protocol';

/**
 * Turns values into bytes and back.
 *
 * `null` never reaches a serde: a null key or value is the absence of bytes. Both methods are synchronous and keep no
 * reference to the buffer they are given.
 */
export interface Serde<T> {
  /** What it is, for messages and `describe()`: `utf8`, `json`, `avro:flights.enriched`. */
  readonly name: string;
  /**
   * Whether a key has one form alone: what {@link deserialize} has read is written as the same bytes again, by any version of the
   * serde. Stores in the heap leave rows with such keys undecoded after a restore, until somebody asks for them. Default: not.
   */
  readonly isCanonical?: boolean;
  serialize(value: T): Buffer;
  /**
   * Appends to `into` what {@link serialize} gives: for bytes that are copied on at once, such as into a batch. Left out where that
   * is no faster.
   */
  serializeTo?(value: T, into: GrowingBytes): void;
  /**
   * Reads `buffer[start, end)`.
   *
   * @throws {RecordError} (dead-letter) when the bytes are not what the serde expects.
   */
  deserialize(buffer: Buffer, start: number, end: number): T;
  /**
   * Whether {@link deserialize} certainly reads `buffer[start, end)`, and gives what is written as the same bytes again where keys are
   * {@link isCanonical}. False where that is not known. Stores in the heap leave rows of a table's topic undecoded for which it is known. Left out
   * where that is no faster than to read them.
   */
  isReadable?(buffer: Buffer, start: number, end: number): boolean;
  /**
   * As {@link deserialize}, of bytes that never change: what it gives may keep the buffer and read from it later. Left out where that
   * is no faster.
   */
  view?(buffer: Buffer, start: number, end: number): T;
}

/** Whether it is known that a serde reads `buffer[start, end)`, see {@link Serde.isReadable}. */
export function isReadable<T>(serde: Serde<T>, buffer: Buffer, start: number, end: number): boolean {
  return serde.isReadable?.(buffer, start, end) ?? false;
}

/** Appends a value as its serde writes it, by whichever of its methods. */
export function writeValue<T>(serde: Serde<T>, value: T, into: GrowingBytes): void {
  if (serde.serializeTo !== undefined) {
    serde.serializeTo(value, into);
    return;
  }
  const bytes = serde.serialize(value);
  into.copy(bytes, 0, bytes.length);
}
