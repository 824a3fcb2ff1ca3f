const INITIAL_BYTES = 1024;
/** Up to this length a loop over the characters is faster than the engine's own encoder. */
const LOOP_CHARACTERS = 48;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Memory that one caller fills again and again: for bytes that are copied on at once. */
export class Scratch {
  /** What was written is `bytes[0, length)`. */
  bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** Appends `source[start, end)`. */
  copy(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    source.copy(this.bytes, this.length, start, end);
    this.length += end - start;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Appends text as UTF-8. */
  text(value: string): void {
    if (value.length > LOOP_CHARACTERS || !this.#ascii(value)) {
      this.#reserve(value.length * 3);
      this.length += this.bytes.write(value, this.length, 'utf8');
    }
  }

  /** Appends a text of JSON that is short and needs no escape; false, with nothing written, for any other. */
  quoted(value: string): boolean {
    const { length: characters } = value;
    if (characters > LOOP_CHARACTERS) return false;
    this.#reserve(characters + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let index = 0; index < characters; index++) {
      const code = value.charCodeAt(index);
      if (code < 0x20 || code === QUOTE || code === BACKSLASH || code > 0x7e) return false;
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.length = at;
    return true;
  }

  /** Appends short text of ASCII alone; false, with nothing written, where it is not. */
  #ascii(value: string): boolean {
    this.#reserve(value.length);
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

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
