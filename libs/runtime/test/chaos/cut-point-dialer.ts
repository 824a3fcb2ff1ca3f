import type { ByteStream, Dialer } from '@millrace/kernel';
import { FrameDecoder, apis, peekCorrelationId } from '@millrace/protocol';

/** Requests of a commit, in their order. */
export const CUT_APIS = ['Produce', 'TxnOffsetCommit', 'EndTxn'] as const;

/**
 * Where a process stands at a cut: the request is about to be sent; it has left; its answer was taken in, and nothing was done about it
 * yet.
 */
export const CUT_MOMENTS = ['before', 'sent', 'answered'] as const;

/** A place in the exchange with the brokers. */
export interface CutPoint {
  readonly api: (typeof CUT_APIS)[number];
  readonly moment: (typeof CUT_MOMENTS)[number];
  /** Commits (EndTxn requests) that go by before. */
  readonly afterCommits: number;
}

/** Where a request has its number, after the length of its frame, and its correlation id after its version. */
const API_KEY_AT = 4;
const CORRELATION_ID_AT = 8;

/**
 * Dials as another dialer does, and calls `reached`, once, at a cut point: in the middle of the call that sends the request or takes the
 * answer in, so that nothing else of the process has run since. The runtime and the client do not know of it.
 */
export class CutPointDialer implements Dialer {
  readonly #inner: Dialer;
  readonly #cut: CutPoint;
  readonly #reached: () => void;
  #commits = 0;
  #isOver = false;

  constructor(inner: Dialer, cut: CutPoint, reached: () => void) {
    this.#inner = inner;
    this.#cut = cut;
    this.#reached = reached;
  }

  async dial(host: string, port: number, options: { timeoutMs: number }): Promise<ByteStream> {
    const stream = await this.#inner.dial(host, port, options);
    const awaited = new Set<number>();
    const write = stream.write.bind(stream);
    stream.write = (chunks) => {
      const head = Buffer.from(chunks[0] ?? []);
      const isCut = this.#isCut(head);
      if (isCut && this.#cut.moment === 'answered') awaited.add(head.readInt32BE(CORRELATION_ID_AT));
      if (isCut && this.#cut.moment === 'before') this.#arrive();
      const mayGoOn = write(chunks);
      if (isCut && this.#cut.moment === 'sent') this.#arrive();
      return mayGoOn;
    };
    const onData = stream.onData.bind(stream);
    const frames = new FrameDecoder();
    stream.onData = (handler) =>
      onData((chunk) => {
        handler(chunk);
        if (this.#isOver || this.#cut.moment !== 'answered') return;
        frames.push(chunk);
        for (let frame = frames.next(); frame !== null; frame = frames.next()) {
          if (awaited.delete(peekCorrelationId(frame))) this.#arrive();
        }
      });
    return stream;
  }

  #isCut(head: Buffer): boolean {
    if (this.#isOver || head.length < CORRELATION_ID_AT + 4) return false;
    const apiKey = head.readInt16BE(API_KEY_AT);
    const isDue = this.#commits >= this.#cut.afterCommits;
    if (apiKey === apis.EndTxn.key) this.#commits += 1;
    return isDue && apiKey === apis[this.#cut.api].key;
  }

  #arrive(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reached();
  }
}
