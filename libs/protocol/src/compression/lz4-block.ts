/** Copies up to this length go word by word; longer ones by a call into the engine. */
const WORD_COPY_MAX_BYTES = 64;

/** A copy by words may write up to this much past its end, so it keeps this distance from the end of the memory. */
const WORD_COPY_SLACK_BYTES = 8;

const MIN_MATCH_BYTES = 4;

/** In the token's halves, this length says that bytes with more of it follow, up to one that is not 255. */
const EXTENDED = 15;

/** Adds up what a block decompresses to, without copying anything. A broken block gives some number. */
export function lz4BlockSize(bytes: Buffer, start: number, end: number): number {
  let total = 0;
  let at = start;
  while (at < end) {
    const token = bytes[at++] as number;
    let literalBytes = token >> 4;
    if (literalBytes === EXTENDED) {
      for (let more = 255; more === 255 && at < end; literalBytes += more) more = bytes[at++] as number;
    }
    at += literalBytes;
    total += literalBytes;
    if (at >= end) break;
    at += 2;
    let matchBytes = (token & 15) + MIN_MATCH_BYTES;
    if (matchBytes === EXTENDED + MIN_MATCH_BYTES) {
      for (let more = 255; more === 255 && at < end; matchBytes += more) more = bytes[at++] as number;
    }
    total += matchBytes;
  }
  return total;
}

/**
 * Decompresses the block `bytes[start, end)` to `target[targetStart]`; returns the position after what it made. Matches may
 * reach back into what earlier blocks made, which linked blocks need.
 *
 * Every length and distance is checked against both buffers before bytes are copied; a broken block throws.
 */
export function decompressLz4Block(
  bytes: Buffer,
  start: number,
  end: number,
  target: Buffer,
  targetStart: number,
): number {
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sink = new DataView(target.buffer, target.byteOffset, target.length);
  const limit = target.length;
  const wordsEnd = limit - WORD_COPY_SLACK_BYTES;
  const sourceWordsEnd = end - WORD_COPY_SLACK_BYTES;
  let at = start;
  let out = targetStart;
  while (at < end) {
    const token = bytes[at++] as number;
    let literalBytes = token >> 4;
    if (literalBytes === EXTENDED) {
      for (let more = 255; more === 255 && at < end; literalBytes += more) more = bytes[at++] as number;
    }
    if (literalBytes > end - at || literalBytes > limit - out) throw new Error('an LZ4 literal is too long');
    const literalEnd = out + literalBytes;
    const shift = at - out;
    at += literalBytes;
    if (literalBytes > WORD_COPY_MAX_BYTES) {
      target.set(bytes.subarray(at - literalBytes, at), out);
    } else if (literalEnd <= wordsEnd && at <= sourceWordsEnd) {
      for (; out < literalEnd; out += 4) sink.setInt32(out, source.getInt32(out + shift, true), true);
    } else {
      for (; out < literalEnd; out++) target[out] = bytes[out + shift] as number;
    }
    out = literalEnd;
    if (at === end) return out;

    if (end - at < 2) throw new Error('an LZ4 block ends early');
    const distance = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    at += 2;
    let matchBytes = (token & 15) + MIN_MATCH_BYTES;
    if (matchBytes === EXTENDED + MIN_MATCH_BYTES) {
      for (let more = 255; more === 255 && at < end; matchBytes += more) more = bytes[at++] as number;
    }
    if (distance === 0 || distance > out || matchBytes > limit - out) {
      throw new Error('an LZ4 match lies outside of what was decompressed');
    }
    const matchEnd = out + matchBytes;
    if (distance >= 4 && matchBytes <= WORD_COPY_MAX_BYTES && matchEnd <= wordsEnd) {
      for (; out < matchEnd; out += 4) sink.setInt32(out, sink.getInt32(out - distance, true), true);
    } else if (distance >= matchBytes) {
      target.copyWithin(out, out - distance, matchEnd - distance);
    } else if (distance === 1) {
      target.fill(target[out - 1] as number, out, matchEnd);
    } else {
      // A match longer than its distance repeats what it has just copied.
      for (; out < matchEnd; out++) target[out] = target[out - distance] as number;
    }
    out = matchEnd;
  }
  throw new Error('an LZ4 block does not end with literals');
}
