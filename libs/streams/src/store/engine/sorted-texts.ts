const CHUNK = 512;

/** A set of texts in ascending order of their code units; adding costs little also among many. */
export class SortedTexts {
  /** Each sorted, none empty, every text of one before every text of the next. */
  #chunks: string[][] = [];

  constructor(texts: Iterable<string> = []) {
    const sorted = [...new Set(texts)].sort();
    for (let at = 0; at < sorted.length; at += CHUNK) this.#chunks.push(sorted.slice(at, at + CHUNK));
  }

  add(text: string): void {
    const index = Math.max(0, this.#chunkOf(text));
    const chunk = this.#chunks[index];
    if (chunk === undefined) {
      this.#chunks.push([text]);
      return;
    }
    const at = placeIn(chunk, text);
    if (chunk[at] === text) return;
    chunk.splice(at, 0, text);
    if (chunk.length > 2 * CHUNK) this.#chunks.splice(index + 1, 0, chunk.splice(CHUNK));
  }

  /** The texts in [from, to), ascending. */
  between(from: string, to: string): string[] {
    const found: string[] = [];
    for (let index = Math.max(0, this.#chunkOf(from)); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as string[];
      if ((chunk[0] as string) >= to) break;
      const first = placeIn(chunk, from);
      const last = placeIn(chunk, to);
      for (let at = first; at < last; at++) found.push(chunk[at] as string);
    }
    return found;
  }

  /** Index of the last chunk that begins with `text` or before it; -1 when there is none. */
  #chunkOf(text: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.[0] as string) <= text) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Index of the first of the sorted texts that is not before `text`. */
export function placeIn(texts: readonly string[], text: string): number {
  let low = 0;
  let high = texts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((texts[middle] as string) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
