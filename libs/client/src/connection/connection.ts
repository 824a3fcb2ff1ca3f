/**
 * One connection to one broker: requests go out in order, a broker answers in the same order.
 *
 * Invariants:
 * - every request ends exactly once: with its answer, with its timeout, or with the end of the connection;
 * - a request that times out ends the connection, since the answers behind it can no longer be trusted to come in time;
 * - after the end nothing is sent, and the stream is destroyed.
 */
import {
  TransientError,
  describeError,
  isMillraceError,
  type ByteStream,
  type Clock,
  type Timer,
} from '@millrace/kernel';
import {
  ErrorCodes,
  FrameDecoder,
  apis,
  decodeResponseFrame,
  encodeRequestFrame,
  peekCorrelationId,
} from '@millrace/protocol';
import type { ClientApi } from './client-api.js';

/** What a {@link Connection} needs to know besides its stream. */
export interface ConnectionOptions {
  /** For messages: `host:port`. */
  readonly address: string;
  readonly clientId: string;
  readonly clock: Clock;
  /** Called once when the connection has ended; the error is absent when {@link Connection.close} was called. */
  readonly onEnd?: (error?: Error) => void;
}

interface PendingRequest {
  readonly api: ClientApi<never, unknown>;
  readonly version: number;
  readonly timer: Timer;
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Correlation ids are int32 on the wire. */
const MAX_CORRELATION_ID = 0x7fff_ffff;

/** An open connection. See the head of this file for its invariants. */
export class Connection {
  readonly #stream: ByteStream;
  readonly #options: ConnectionOptions;
  readonly #frames = new FrameDecoder();
  readonly #pending = new Map<number, PendingRequest>();
  #correlationId = 0;
  #ended = false;
  #closing = false;

  constructor(stream: ByteStream, options: ConnectionOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.onData((chunk) => this.#receive(chunk));
    stream.onDrain(() => undefined);
    stream.onClose((error) => this.#end(error));
  }

  /** Requests sent and not yet answered. */
  get inFlight(): number {
    return this.#pending.size;
  }

  get isOpen(): boolean {
    return !this.#ended && !this.#closing;
  }

  /** @throws {TransientError} (retry) `MR_NETWORK_DISCONNECTED` when nothing can be sent any more. */
  throwIfEnded(): void {
    if (!this.isOpen) throw this.#disconnected();
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @throws {TransientError} (retry) `MR_NETWORK_TIMEOUT` after `timeoutMs`, `MR_NETWORK_DISCONNECTED` when the connection
   *   ends first. In both cases the broker may have carried the request out.
   */
  async request<Draft, Res>(api: ClientApi<Draft, Res>, version: number, body: Draft, timeoutMs: number): Promise<Res> {
    this.throwIfEnded();
    const correlationId = this.#correlationId;
    this.#correlationId = correlationId === MAX_CORRELATION_ID ? 0 : correlationId + 1;
    const chunks = encodeRequestFrame(api, version, correlationId, this.#options.clientId, body);
    return new Promise<Res>((resolve, reject) => {
      const timer = this.#options.clock.setTimer(timeoutMs, () => this.#timeOut(correlationId, timeoutMs));
      this.#pending.set(correlationId, {
        api,
        version,
        timer,
        resolve: resolve as (response: unknown) => void,
        reject,
      });
      this.#stream.write(chunks);
    });
  }

  /** Ends the connection in order once every answer has arrived; at once when nothing is in flight. */
  close(): void {
    if (this.#ended) return;
    this.#closing = true;
    if (this.#pending.size === 0) {
      this.#stream.end();
      this.#end();
    }
  }

  /** Ends the connection at once: whatever is in flight fails. */
  destroy(error?: Error): void {
    if (this.#ended) return;
    this.#stream.destroy(error);
    this.#end(error);
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    try {
      this.#frames.push(chunk);
      for (let frame = this.#frames.next(); frame !== null; frame = this.#frames.next()) this.#answer(frame);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #answer(frame: Buffer): void {
    const correlationId = peekCorrelationId(frame);
    const pending = this.#pending.get(correlationId);
    if (pending === undefined) return;
    this.#pending.delete(correlationId);
    pending.timer.cancel();
    try {
      const version = isRefusedApiVersions(pending.api, frame) ? 0 : pending.version;
      pending.resolve(decodeResponseFrame(pending.api, version, frame).body);
    } catch (error) {
      pending.reject(error as Error);
      throw error;
    }
    if (this.#closing && this.#pending.size === 0) this.close();
  }

  #timeOut(correlationId: number, timeoutMs: number): void {
    const late = this.#pending.get(correlationId);
    if (late === undefined) return;
    this.#pending.delete(correlationId);
    const message = `${this.#options.address} did not answer ${late.api.name} within ${timeoutMs} ms`;
    const error = new TransientError('MR_NETWORK_TIMEOUT', message);
    late.reject(error);
    this.destroy(error);
  }

  #end(cause?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    const error = this.#disconnected(cause);
    for (const pending of this.#pending.values()) {
      pending.timer.cancel();
      pending.reject(error);
    }
    this.#pending.clear();
    this.#options.onEnd?.(this.#closing ? undefined : (cause ?? error));
  }

  #disconnected(cause?: Error): Error {
    if (isMillraceError(cause) && cause.disposition === 'stop-app') return cause;
    const why = cause === undefined ? '' : `: ${describeError(cause)}`;
    return new TransientError('MR_NETWORK_DISCONNECTED', `the connection to ${this.#options.address} ended${why}`, {
      cause,
    });
  }
}

/** A broker that does not know the version of an ApiVersions request answers in version 0 (KIP-511). */
function isRefusedApiVersions(api: ClientApi<never, unknown>, frame: Buffer): boolean {
  return (
    api.key === apis.ApiVersions.key && frame.length >= 6 && frame.readInt16BE(4) === ErrorCodes.UNSUPPORTED_VERSION
  );
}
