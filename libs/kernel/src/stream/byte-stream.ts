/**
 * One side of a reliable, ordered, two-way stream of bytes: a TCP or TLS socket, or one end of a {@link streamPair}.
 *
 * Client and broker speak through this seam alone, so the same code runs over the network and in a simulation.
 * Handlers are set once, before the first byte arrives.
 */
export interface ByteStream {
  /** Queues the chunks in order; the caller must not change them afterwards. Returns false when the other side is slow. */
  write(chunks: readonly Uint8Array[]): boolean;
  /** Called with each chunk that arrives; it holds until the call returns, and whoever needs it longer copies it. */
  onData(handler: (chunk: Buffer) => void): void;
  /** Called when a stream whose `write` returned false can take more. */
  onDrain(handler: () => void): void;
  /** Called exactly once, when the stream has ended for whatever reason; `error` is absent after an orderly end. */
  onClose(handler: (error?: Error) => void): void;
  /** Stops and resumes delivery of `onData`: back pressure towards the sender. */
  pause(): void;
  resume(): void;
  /** Flushes what was written, then ends. */
  end(): void;
  /** Ends at once and drops what is queued. */
  destroy(error?: Error): void;
}

/** Opens streams to brokers. */
export interface Dialer {
  /**
   * @throws {TransientError} (retry) `MR_NETWORK_DISCONNECTED` when refused, `MR_NETWORK_TIMEOUT` after `timeoutMs`.
   * @throws {FatalError} (stop-app) `MR_TLS_REFUSED` when certificates are not accepted, or cannot be used: trying again ends the same way.
   */
  dial(host: string, port: number, options: { timeoutMs: number }): Promise<ByteStream>;
}
