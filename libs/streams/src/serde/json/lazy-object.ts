/**
 * A JSON object that keeps its bytes and parses what is asked for.
 *
 * To those who hold it, it is a plain object: it has the fields, the order and the prototype of what `JSON.parse` gives, and may be
 * changed, spread, frozen and iterated. A field is parsed when it is read; whatever asks for more than single fields turns it into
 * the plain object that it stands for.
 *
 *   bytes ── get, set of single fields ──▶ bytes and changes ── anything else ──▶ whole: an ordinary object
 *
 * Invariants:
 * - a nested value is parsed once: who changes it changes the object;
 * - while it is not whole, its bytes with the changes put in are its JSON;
 * - it holds the buffer that its bytes lie in; {@link settled} gives a value that does not.
 */
import { inspect } from 'node:util';
import { RecordError } from '@millrace/kernel';
import { MAX_SHORT_BYTES, shortAscii } from '../short-text.js';
import { FieldTable, scanObject } from './object-scan.js';

/** Tells how the objects of a serde are used. */
export interface LazyUsage {
  /** How many became whole. */
  whole: number;
}

/** Asks a lazy object for itself; no JSON has it as a key. */
const SELF = Symbol('lazy JSON');

/** The fields of the object that was scanned last: nearly always that of the record at hand. */
const table = new FieldTable();
let scanned: LazyObject | undefined;

/** What a proxy of it stands for. */
export class LazyObject {
  readonly #usage: LazyUsage;
  /** What its holders have in hand. */
  readonly #proxy: object;
  #bytes: Buffer | undefined;
  readonly #start: number;
  readonly #end: number;
  /** Names and values in turn: what was set, and nested values that were handed out. */
  #changes: unknown[] | undefined;

  private constructor(bytes: Buffer, start: number, end: number, usage: LazyUsage) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#usage = usage;
    this.#proxy = new Proxy<object>(this, LazyObject.#handler);
  }

  /** The object in `bytes[start, end)`; undefined where that is something else, or an object that must be parsed whole. */
  static read(bytes: Buffer, start: number, end: number, usage: LazyUsage): object | undefined {
    scanned = undefined;
    if (!scanObject(bytes, start, end, table)) return undefined;
    const lazy = new LazyObject(bytes, start, end, usage);
    scanned = lazy;
    return lazy.#proxy;
  }

  /** What a value is that {@link read} has given, while it is not whole; undefined for any other value. */
  static of(value: unknown): LazyObject | undefined {
    // The one at hand is known without asking it: a call through a proxy costs more than most of what is done with it.
    if (scanned !== undefined && value === scanned.#proxy) return scanned.#bytes === undefined ? undefined : scanned;
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as { readonly [SELF]?: LazyObject })[SELF];
  }

  get isWhole(): boolean {
    return this.#bytes === undefined;
  }

  get bytes(): Buffer {
    return this.#bytes as Buffer;
  }

  /** Names and values in turn that differ, or may differ, from the bytes. */
  get changes(): readonly unknown[] | undefined {
    return this.#changes;
  }

  /** Where its fields lie; holds until another object is scanned. */
  get fields(): FieldTable {
    return scanned === this ? table : LazyObject.#scan(this);
  }

  static #scan(lazy: LazyObject): FieldTable {
    scanObject(lazy.bytes, lazy.#start, lazy.#end, table);
    scanned = lazy;
    return table;
  }

  /** The plain object that it stands for; its proxy passes everything on to it from now on. */
  makeWhole(): object {
    const bytes = this.#bytes;
    if (bytes === undefined) return this;
    const parsed = parse(bytes, this.#start, this.#end) as Record<string, unknown>;
    const changes = this.#changes ?? [];
    this.#bytes = undefined;
    this.#changes = undefined;
    this.#usage.whole++;
    Object.setPrototypeOf(this, Object.prototype);
    for (const [name, value] of Object.entries(parsed)) define(this, name, value);
    for (let nth = 0; nth < changes.length; nth += 2) define(this, changes[nth] as string, changes[nth + 1]);
    return this;
  }

  #get(name: string | symbol, receiver: unknown): unknown {
    if (name === SELF) return receiver === this.#proxy ? this : undefined;
    if (typeof name === 'symbol') return Reflect.get(Object.prototype, name, receiver);
    const changes = this.#changes;
    if (changes !== undefined) {
      for (let nth = 0; nth < changes.length; nth += 2) if (changes[nth] === name) return changes[nth + 1];
    }
    const { fields, bytes } = this;
    const field = fields.find(bytes, name);
    if (field < 0) return Reflect.get(Object.prototype, name, receiver);
    const value = readValue(bytes, fields.valueStart(field), fields.valueEnd(field));
    if (typeof value === 'object' && value !== null) this.#change(name, value);
    return value;
  }

  #set(name: string, value: unknown): void {
    const changes = this.#changes;
    if (changes !== undefined) {
      for (let nth = 0; nth < changes.length; nth += 2) {
        if (changes[nth] !== name) continue;
        changes[nth + 1] = value;
        return;
      }
    }
    this.#change(name, value);
  }

  #change(name: string, value: unknown): void {
    if (this.#changes === undefined) this.#changes = [name, value];
    else this.#changes.push(name, value);
  }

  /** For `console.log` and the like, which look behind the proxy. */
  [inspect.custom](): object {
    return LazyObject.of(this)?.makeWhole() ?? this;
  }

  static readonly #handler: ProxyHandler<object> = {
    get(target, name, receiver): unknown {
      const lazy = target as LazyObject;
      return lazy.#bytes === undefined ? Reflect.get(target, name, receiver) : lazy.#get(name, receiver);
    },
    set(target, name, value, receiver) {
      const lazy = target as LazyObject;
      const isPlain = typeof name === 'string' && !(name in Object.prototype) && receiver === lazy.#proxy;
      if (lazy.#bytes === undefined || !isPlain) return Reflect.set(whole(target), name, value, receiver);
      lazy.#set(name, value);
      return true;
    },
    getPrototypeOf(target) {
      return (target as LazyObject).#bytes === undefined ? Reflect.getPrototypeOf(target) : Object.prototype;
    },
    has: (target, name) => Reflect.has(whole(target), name),
    ownKeys: (target) => Reflect.ownKeys(whole(target)),
    getOwnPropertyDescriptor: (target, name) => Reflect.getOwnPropertyDescriptor(whole(target), name),
    defineProperty: (target, name, descriptor) => Reflect.defineProperty(whole(target), name, descriptor),
    deleteProperty: (target, name) => Reflect.deleteProperty(whole(target), name),
    preventExtensions: (target) => Reflect.preventExtensions(whole(target)),
    setPrototypeOf: (target, prototype) => Reflect.setPrototypeOf(whole(target), prototype),
  };
}

function whole(target: object): object {
  return LazyObject.prototype.makeWhole.call(target as LazyObject);
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

/** A value to keep: a lazy object becomes whole, as it would hold the whole batch that its bytes came in. */
export function settled<T>(value: T): T {
  LazyObject.of(value)?.makeWhole();
  return value;
}

/** @throws {RecordError} (dead-letter) `MR_RECORD_UNREADABLE`. */
export function parse(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch (cause) {
    throw new RecordError('MR_RECORD_UNREADABLE', 'the value is not JSON: correct the producer', { cause });
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
/** Whole numbers of so many digits are read without the engine's parser. */
const MAX_DIGITS = 9;

function readValue(bytes: Buffer, start: number, end: number): unknown {
  const first = bytes[start] as number;
  if (first === QUOTE) return shortText(bytes, start + 1, end - 1) ?? parse(bytes, start, end);
  if ((first >= ZERO && first <= ZERO + 9) || first === MINUS) {
    return wholeNumber(bytes, start, end) ?? parse(bytes, start, end);
  }
  return parse(bytes, start, end);
}

/** Short text of plain ASCII; undefined for any other. */
function shortText(bytes: Buffer, start: number, end: number): string | undefined {
  if (end - start > MAX_SHORT_BYTES) return undefined;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === BACKSLASH || byte < 0x20 || byte > 0x7e) return undefined;
  }
  return shortAscii(bytes, start, end);
}

function wholeNumber(bytes: Buffer, start: number, end: number): number | undefined {
  const isNegative = bytes[start] === MINUS;
  const from = isNegative ? start + 1 : start;
  if (end - from > MAX_DIGITS) return undefined;
  let value = 0;
  for (let at = from; at < end; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}
