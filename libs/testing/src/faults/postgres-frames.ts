/** One message of PostgreSQL's protocol as it stands on the wire; `type` is empty for the first of a client, which has none. */
export interface PostgresFrame {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Length of a message's length field, which counts itself. */
const LENGTH_BYTES = 4;

/**
 * Cuts a stream into the messages of PostgreSQL's protocol (version 3, without encryption), whatever chunks it comes in.
 *
 * @see https://www.postgresql.org/docs/15/protocol-message-formats.html
 */
export class PostgresFrames {
  #rest: Buffer = Buffer.alloc(0);
  #isFirst: boolean;

  /** @param side Whose messages these are: the first message of a client has no type. */
  constructor(side: 'client' | 'server') {
    this.#isFirst = side === 'client';
  }

  /** The messages that are whole by now. */
  push(chunk: Buffer): PostgresFrame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: PostgresFrame[] = [];
    for (;;) {
      const typeBytes = this.#isFirst ? 0 : 1;
      if (this.#rest.length < typeBytes + LENGTH_BYTES) return frames;
      const end = typeBytes + this.#rest.readInt32BE(typeBytes);
      if (this.#rest.length < end) return frames;
      const type = this.#isFirst ? '' : String.fromCharCode(this.#rest[0]!);
      frames.push({ type, bytes: this.#rest.subarray(0, end) });
      this.#rest = this.#rest.subarray(end);
      this.#isFirst = false;
    }
  }
}

/** The SQL of a query (`Q`) or of a statement that is prepared (`P`); undefined for any other message. */
export function sqlOf({ type, bytes }: PostgresFrame): string | undefined {
  if (type === 'Q') return bytes.toString('utf8', 1 + LENGTH_BYTES, bytes.length - 1);
  if (type !== 'P') return undefined;
  const sql = bytes.indexOf(0, 1 + LENGTH_BYTES) + 1;
  return bytes.toString('utf8', sql, bytes.indexOf(0, sql));
}

/** Whether the server says with this message that a COMMIT was done. */
export function saysCommitted({ type, bytes }: PostgresFrame): boolean {
  return type === 'C' && bytes.toString('latin1', 1 + LENGTH_BYTES, bytes.length - 1) === 'COMMIT';
}
