import { channel } from 'node:diagnostics_channel';

/**
 * A typed diagnostics channel. Libraries publish on it; only `observability` subscribes. Publishing to a channel that
 * nobody watches costs one property read.
 */
export interface DiagnosticsChannel<T extends object> {
  readonly name: string;
  readonly hasSubscribers: boolean;
  publish(event: T): void;
  /** Calls `listener` for each event until the returned function is called. */
  subscribe(listener: (event: T) => void): () => void;
}

/** Opens the process-wide channel `millrace:<name>`; the same name gives the same channel. */
export function diagnosticsChannel<T extends object>(name: string): DiagnosticsChannel<T> {
  const underlying = channel(`millrace:${name}`);
  return {
    name: `millrace:${name}`,
    get hasSubscribers() {
      return underlying.hasSubscribers;
    },
    publish: (event) => underlying.publish(event),
    subscribe: (listener) => {
      const forward = (message: unknown): void => listener(message as T);
      underlying.subscribe(forward);
      return () => void underlying.unsubscribe(forward);
    },
  };
}
