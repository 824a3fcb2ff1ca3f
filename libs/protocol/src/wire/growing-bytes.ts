const INITIAL_BYTES = 1024;
/** Up to this length a loop over the characters is faster than the engine's own encoder. */
const LOOP_CHARACTERS = 48;

/** Memory that is written from the beginning and grows as needed; whoever clears it fills it again. */
export class GrowingBytes {
  /** What was written is `bytes[0, length)`. Another buffer after it has grown. */
  bytes: Buffer;
  length = 0;

  /** @param initialBytes Memory to begin with; it doubles as needed. */
  constructor(initialBytes = INITIAL_BYTES) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  clear(): void {
    this.length = 0;
  }

  /** Makes room for so many bytes after what was written. */
  reserve(more: number): void {
    if (this.length + more > this.bytes.length) this.#grow(this.length + more);
  }

  /** Appends `source[start, end)`. */
  copy(source: Buffer, start: number, end: number): void {
    this.reserve(end - start);
    source.copy(this.bytes, this.length, start, end);
    this.length += end - start;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Appends text as UTF-8. */
  text(value: string): void {
    if (value.length > LOOP_CHARACTERS || !this.#ascii(value)) {
      this.reserve(value.length * 3);
      this.length += this.bytes.write(value, this.length, 'utf8');
    }
  }

  /** Appends short text of ASCII alone; false, with nothing written, where it is not. */
  #ascii(value: string): boolean {
    this.reserve(value.length);
    const { bytes } = this;
    let at = this.length;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    this.length = at;
    return true;
  }

  #grow(atLeast: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, atLeast));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
