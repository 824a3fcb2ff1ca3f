import { RecordError } from '@millrace/kernel';
import { GrowingBytes } from '@millrace/protocol';
import type { Serde } from '../serde.js';
import { isJson } from './is-json.js';
import { LazyObject, parse, type LazyUsage } from './lazy-object.js';
import { writeLazy, writeSmall } from './write-json.js';

/** How many objects are read lazily before it is looked at how they are used. */
const TRIAL_OBJECTS = 256;
/** How many are parsed at once after a trial has shown that they are wanted whole. */
const EAGER_OBJECTS = 100_000;
/** The share of a trial from which on parsing at once is cheaper. */
const WHOLE_SHARE = 1 / 4;

const OPEN_BRACE = 0x7b;

/**
 * JSON without a contract: for internal topics and tests. Topics that others write deserve a contract.
 *
 * An object that comes from a topic is a plain object to whoever holds it, but its fields are parsed when they are asked for, and what
 * was not changed is written as the bytes that came. So a handler that reads or sets a few fields does not pay for the others. An
 * object that is damaged where nobody looks is passed on as it is; one whose structure is broken, or whose damaged field is read, is
 * unreadable. Where handlers turn out to want whole objects, such as by spreading them, they are parsed at once.
 *
 * Only `structuredClone` and `postMessage` tell it from an object of `JSON.parse`: they refuse it, and take a copy, `{ ...value }`.
 */
export function json<T>(): Serde<T> {
  return new JsonSerde() as Serde<T>;
}

class JsonSerde implements Serde<unknown> {
  readonly name = 'json';
  readonly #usage: LazyUsage = { whole: 0 };
  #lazy = 0;
  #eagerLeft = 0;
  readonly #scratch = new GrowingBytes();

  serialize(value: unknown): Buffer {
    this.#scratch.clear();
    if (LazyObject.of(value) === undefined) {
      if (!writeSmall(value, this.#scratch)) return Buffer.from(textOf(value), 'utf8');
    } else this.serializeTo(value, this.#scratch);
    return Buffer.from(this.#scratch.bytes.subarray(0, this.#scratch.length));
  }

  serializeTo(value: unknown, into: GrowingBytes): void {
    const lazy = LazyObject.of(value);
    if (lazy !== undefined) {
      const { length } = into;
      if (writeLazy(lazy, into)) return;
      into.length = length;
    }
    if (!writeSmall(value, into)) into.text(textOf(value));
  }

  deserialize(bytes: Buffer, start: number, end: number): unknown {
    return parse(bytes, start, end);
  }

  isReadable(bytes: Buffer, start: number, end: number): boolean {
    return isJson(bytes, start, end);
  }

  view(bytes: Buffer, start: number, end: number): unknown {
    if (bytes[start] !== OPEN_BRACE || !this.#readsLazily()) return parse(bytes, start, end);
    return LazyObject.read(bytes, start, end, this.#usage) ?? parse(bytes, start, end);
  }

  #readsLazily(): boolean {
    if (this.#eagerLeft > 0) {
      this.#eagerLeft--;
      return false;
    }
    if (++this.#lazy <= TRIAL_OBJECTS) return true;
    if (this.#usage.whole > this.#lazy * WHOLE_SHARE) this.#eagerLeft = EAGER_OBJECTS;
    this.#lazy = 0;
    this.#usage.whole = 0;
    return this.#eagerLeft === 0;
  }
}

/** @throws {RecordError} (dead-letter) `MR_RECORD_UNWRITABLE`: JSON has no undefined, and what a handler forgot to return is no deletion. */
function textOf(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text !== undefined) return text;
  throw new RecordError('MR_RECORD_UNWRITABLE', 'undefined is not JSON: return a value, or null to delete');
}
