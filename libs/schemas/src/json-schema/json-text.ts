import { isUtf8 } from 'node:buffer';

/** What U+FFFD stands for: the decoder found bytes that are no UTF-8, or the text really has that character. */
const REPLACEMENT = '\ufffd';

/** Thrown by {@link parseJson}; says what is wrong without quoting the text, as the parser's own error would. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
}

/**
 * Parses the UTF-8 JSON text between two positions of a buffer.
 *
 * @throws {JsonTextError} when the bytes are not UTF-8 or not JSON. Its message and cause never quote the bytes.
 */
export function parseJson(buffer: Buffer, start: number, end: number): unknown {
  const text = buffer.toString('utf8', start, end);
  // Searching is cheap on the one-byte strings that ASCII decodes to: they cannot hold the character.
  if (text.includes(REPLACEMENT) && !isUtf8(buffer.subarray(start, end))) {
    throw new JsonTextError('it is not UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new JsonTextError('it is not JSON');
  }
}
