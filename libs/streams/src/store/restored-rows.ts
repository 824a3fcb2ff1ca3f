/**
 * Rows that a changelog has brought back and that nobody has asked for yet: bytes, outside the reach of the garbage collector.
 * A restore of millions of rows makes no object of any.
 *
 * A row lies in a slab, as four words (lengths of key and value, the timestamp) and the bytes of both. Open addressing finds it by
 * its key's bytes: two words a slot, the hash and where the row lies.
 */
import { TaskError } from '@millrace/kernel';

/** Words of 32 bits a slab. */
const SLAB_WORDS = 1 << 18;
/** As many as an address of 32 bits tells apart. */
const MAX_SLABS = (1 << 14) - 1;
const HEAD_WORDS = 4;
const FIRST_SLOTS = 1 << 10;
/** Where no row was yet, and where one has been: the search goes past the second. */
const FREE = 0;
const GONE = 0xffffffff;
/** A shorter range is copied faster by a loop than by a call. */
const COPY_THRESHOLD_BYTES = 48;
const WORD = 4_294_967_296;

interface Slab {
  readonly words: Uint32Array;
  readonly bytes: Buffer;
}

/** One of the rows; its bytes hold until the next call. */
export interface RestoredRow {
  readonly buffer: Buffer;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly timestampMs: number;
}

/** See the head of this file. Rows of 16 GiB fit in. */
export class RestoredRows {
  #slabs: Slab[] = [];
  /** Words of the last slab that are in use. */
  #usedWords = SLAB_WORDS;
  /** Words of all slabs that hold rows, and of those the ones whose rows are gone. */
  #heldWords = 0;
  #goneWords = 0;
  #slots = new Uint32Array(2 * FIRST_SLOTS);
  /** Slots that are not free: a search must be able to end. */
  #takenSlots = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * Takes a row from `buffer`, in the place of the one of the same key.
   *
   * @throws {TaskError} (restart-task) `MR_STORE_FAILED` when there is no room left.
   */
  set(
    buffer: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
  ): void {
    if (4 * this.#takenSlots >= this.#slots.length) this.#makeRoom();
    const hash = hashOf(buffer, keyStart, keyEnd);
    const slot = this.#slotOf(hash, buffer, keyStart, keyEnd);
    const address = this.#write(buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs);
    const held = this.#slots[slot + 1] as number;
    this.#slots[slot] = hash;
    this.#slots[slot + 1] = address;
    if (held !== FREE) {
      this.#let(held);
      return;
    }
    this.#takenSlots++;
    this.#size++;
  }

  /** The row of the key `buffer[start, end)`. */
  get(buffer: Buffer, start: number, end: number): RestoredRow | undefined {
    const held = this.#slots[this.#slotOf(hashOf(buffer, start, end), buffer, start, end) + 1] as number;
    return held === FREE ? undefined : this.#rowAt(held);
  }

  /** Lets go of the row of the key `buffer[start, end)`; whether there was one. */
  delete(buffer: Buffer, start: number, end: number): boolean {
    const slot = this.#slotOf(hashOf(buffer, start, end), buffer, start, end);
    const held = this.#slots[slot + 1] as number;
    if (held === FREE) return false;
    this.#slots[slot + 1] = GONE;
    this.#size--;
    this.#let(held);
    return true;
  }

  /** All rows, in no particular order; none may be set or deleted meanwhile. */
  *rows(): IterableIterator<RestoredRow> {
    for (let slot = 1; slot < this.#slots.length; slot += 2) {
      const held = this.#slots[slot] as number;
      if (held !== FREE && held !== GONE) yield this.#rowAt(held);
    }
  }

  /** The slot of a key, or the free one where it would be. */
  #slotOf(hash: number, buffer: Buffer, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const held = this.#slots[slot + 1] as number;
      if (held === FREE) return slot;
      if (held !== GONE && this.#slots[slot] === hash && this.#isKeyAt(held, buffer, start, end)) return slot;
    }
  }

  #isKeyAt(address: number, buffer: Buffer, start: number, end: number): boolean {
    const { words, bytes } = this.#slabs[slabOf(address)] as Slab;
    const word = wordOf(address);
    if (words[word] !== end - start) return false;
    let at = 4 * (word + HEAD_WORDS);
    for (let from = start; from < end; from++, at++) if (bytes[at] !== buffer[from]) return false;
    return true;
  }

  #rowAt(address: number): RestoredRow {
    const { words, bytes } = this.#slabs[slabOf(address)] as Slab;
    const word = wordOf(address);
    const keyStart = 4 * (word + HEAD_WORDS);
    const keyEnd = keyStart + (words[word] as number);
    const valueEnd = keyEnd + (words[word + 1] as number);
    const timestampMs = ((words[word + 2] as number) | 0) * WORD + (words[word + 3] as number);
    return { buffer: bytes, keyStart, keyEnd, valueStart: keyEnd, valueEnd, timestampMs };
  }

  /** Writes a row behind the last one and returns its address, which is never {@link FREE} nor {@link GONE}. */
  #write(
    buffer: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
  ): number {
    const length = HEAD_WORDS + wordsOf(keyEnd - keyStart + valueEnd - valueStart);
    if (this.#usedWords + length > SLAB_WORDS) {
      if (this.#slabs.length === MAX_SLABS) throw tooMuch();
      // A row that is larger than a slab has one of its own.
      const words = new Uint32Array(Math.max(SLAB_WORDS, length));
      this.#slabs.push({ words, bytes: Buffer.from(words.buffer) });
      this.#usedWords = 0;
    }
    const slab = this.#slabs.length - 1;
    const { words, bytes } = this.#slabs[slab] as Slab;
    const word = this.#usedWords;
    const high = Math.floor(timestampMs / WORD);
    words[word] = keyEnd - keyStart;
    words[word + 1] = valueEnd - valueStart;
    words[word + 2] = high;
    words[word + 3] = timestampMs - high * WORD;
    copy(buffer, keyStart, keyEnd, bytes, 4 * (word + HEAD_WORDS));
    copy(buffer, valueStart, valueEnd, bytes, 4 * (word + HEAD_WORDS) + keyEnd - keyStart);
    this.#usedWords = word + length;
    this.#heldWords += length;
    return slab * SLAB_WORDS + word + 1;
  }

  /** The row at an address is gone. */
  #let(address: number): void {
    const { words } = this.#slabs[slabOf(address)] as Slab;
    const word = wordOf(address);
    this.#goneWords += HEAD_WORDS + wordsOf((words[word] as number) + (words[word + 1] as number));
    if (this.#goneWords > SLAB_WORDS && 2 * this.#goneWords > this.#heldWords) this.#rebuild(this.#slots.length);
  }

  /** Twice the slots, or as many where deleted rows have taken them. */
  #makeRoom(): void {
    this.#rebuild(8 * this.#size >= this.#slots.length ? 2 * this.#slots.length : this.#slots.length);
  }

  /** Leaves behind what is gone: slots, and the slabs where they hold more of that than of rows. */
  #rebuild(slotWords: number): void {
    const former = this.#slots;
    const slabs = this.#slabs;
    this.#slots = new Uint32Array(slotWords);
    this.#takenSlots = this.#size;
    const movesRows = 2 * this.#goneWords > this.#heldWords;
    if (movesRows) {
      this.#slabs = [];
      this.#usedWords = SLAB_WORDS;
      this.#heldWords = this.#goneWords = 0;
    }
    const mask = slotWords - 1;
    for (let from = 0; from < former.length; from += 2) {
      const held = former[from + 1] as number;
      if (held === FREE || held === GONE) continue;
      const hash = former[from] as number;
      let slot = (hash << 1) & mask;
      while (this.#slots[slot + 1] !== FREE) slot = (slot + 2) & mask;
      this.#slots[slot] = hash;
      this.#slots[slot + 1] = movesRows ? this.#move(slabs[slabOf(held)] as Slab, wordOf(held)) : held;
    }
  }

  #move({ words, bytes }: Slab, word: number): number {
    const keyStart = 4 * (word + HEAD_WORDS);
    const keyEnd = keyStart + (words[word] as number);
    const timestampMs = ((words[word + 2] as number) | 0) * WORD + (words[word + 3] as number);
    return this.#write(bytes, keyStart, keyEnd, keyEnd, keyEnd + (words[word + 1] as number), timestampMs);
  }
}

function tooMuch(): TaskError {
  return new TaskError(
    'MR_STORE_FAILED',
    'a store in the heap has more than 16 GiB: keep it by an engine, such as LMDB',
  );
}

function slabOf(address: number): number {
  return (address - 1) >>> 18;
}

function wordOf(address: number): number {
  return (address - 1) & (SLAB_WORDS - 1);
}

function wordsOf(bytes: number): number {
  return (bytes + 3) >>> 2;
}

/** FNV-1a, then mixed, so that keys that end alike do not stand side by side. */
function hashOf(buffer: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (buffer[at] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function copy(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start >= COPY_THRESHOLD_BYTES) {
    source.copy(target, at, start, end);
    return;
  }
  for (let from = start; from < end; from++, at++) target[at] = source[from] as number;
}
