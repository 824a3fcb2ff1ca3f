import type { RecordContext } from './record-context.js';

/**
 * The record that a task was working on, kept for later: its place, time and headers, and the bytes that it came in, all
 * copied, as the batch that held them may be reused.
 */
export class KeptRecord {
  readonly #topic: string;
  readonly #partition: number;
  readonly #offset: number;
  readonly #timestampMs: number;
  readonly #headers: Buffer;
  readonly #keyBytes: Buffer | undefined;
  readonly #valueBytes: Buffer | undefined;
  readonly #key: unknown;
  readonly #keySerde: unknown;

  constructor(context: RecordContext) {
    this.#topic = context.topic;
    this.#partition = context.partition;
    this.#offset = context.offset;
    this.#timestampMs = context.timestampMs;
    this.#headers = context.copyOfHeaders();
    this.#keyBytes = copy(context.buffer, context.keyStart, context.keyEnd);
    this.#valueBytes = copy(context.buffer, context.valueStart, context.valueEnd);
    this.#key = context.key;
    this.#keySerde = context.keySerde;
  }

  /** The headers with their count, as in a record batch. */
  get headers(): Buffer {
    return this.#headers;
  }

  /** Makes this the record that the task works on. @returns what makes it the one again that it was before. */
  enter(context: RecordContext): () => void {
    const before = { ...context };
    const key = this.#keyBytes;
    const value = this.#valueBytes;
    context.clear(this.#timestampMs);
    context.topic = this.#topic;
    context.partition = this.#partition;
    context.offset = this.#offset;
    context.headers = this.#headers;
    context.headersEnd = this.#headers.length;
    context.buffer = Buffer.concat([key ?? NO_BYTES, value ?? NO_BYTES]);
    const keyEnd = key?.length ?? 0;
    if (key !== undefined) [context.keyStart, context.keyEnd] = [0, keyEnd];
    if (value !== undefined) [context.valueStart, context.valueEnd] = [keyEnd, keyEnd + value.length];
    // The value was in the hands of user code: only the key may still be forwarded as the bytes that it came in.
    context.key = this.#key;
    context.keySerde = this.#keySerde;
    return () => void Object.assign(context, before);
  }
}

const NO_BYTES = Buffer.alloc(0);

function copy(buffer: Buffer, start: number, end: number): Buffer | undefined {
  return start < 0 ? undefined : Buffer.from(buffer.subarray(start, end));
}
