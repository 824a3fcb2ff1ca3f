/**
 * One client's connection.
 *
 * Invariants: requests are served one after the other and answered in order, as clients rely on; while one waits (a long
 * poll, a rebalance) or the client is slow to read, at most `maxBufferedBytes` are read ahead; so a connection holds
 * at most one request, one response and that much. Bytes that break the protocol end the connection, never the broker.
 */
import { describeError, type ByteStream } from '@millrace/kernel';
import {
  apis,
  decodeRequestFrame,
  encodeResponseFrame,
  FrameDecoder,
  type RequestFrame,
  type RequestHeader,
} from '@millrace/protocol';
import { brokerChannels } from '../diagnostics/channels.js';
import { unsupportedApiVersions } from '../handlers/api-versions.js';
import { CLOSE_CONNECTION, NO_ANSWER, type ServedRequest } from '../handlers/route.js';
import { routeOf, servedRanges } from '../handlers/routes.js';
import type { BrokerServices, RequestContext } from '../handlers/services.js';

export interface ConnectionOptions {
  readonly id: number;
  readonly remote: string;
  readonly stream: ByteStream;
  readonly services: BrokerServices;
  readonly maxRequestBytes: number;
  readonly maxBufferedBytes: number;
  readonly onClosed: (connection: Connection) => void;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #frames: FrameDecoder;
  #abandon: (() => void) | undefined;
  #isServing = false;
  #isDrained = true;
  #isPaused = false;
  #isClosed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#frames = new FrameDecoder({ maxFrameBytes: options.maxRequestBytes });
    const { stream, id, remote } = options;
    brokerChannels.connection.publish({ connectionId: id, remote, kind: 'opened' });
    stream.onClose((failure) => this.#closed(failure === undefined ? undefined : describeError(failure)));
    stream.onDrain(() => {
      this.#isDrained = true;
      this.#serveWaiting();
    });
    stream.onData((chunk) => {
      this.#frames.push(chunk);
      this.#serveWaiting();
      this.#limitReadAhead();
    });
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#options.stream.destroy();
  }

  #serveWaiting(): void {
    while (!this.#isServing && this.#isDrained && !this.#isClosed) {
      let frame: Buffer | null;
      try {
        frame = this.#frames.next();
      } catch (failure) {
        this.#refuse(undefined, describeError(failure));
        return;
      }
      if (frame === null) break;
      this.#serve(frame);
    }
    if (this.#isPaused && !this.#isServing && this.#isDrained && !this.#isClosed) {
      this.#isPaused = false;
      this.#options.stream.resume();
    }
  }

  #serve(frame: Buffer): void {
    let request: RequestFrame | undefined;
    try {
      request = decodeRequestFrame(frame);
      const served = this.#dispatch(request);
      if (!(served instanceof Promise)) {
        this.#answer(served, request.header);
        return;
      }
      this.#isServing = true;
      const { header } = request;
      void served
        .then(
          (answer) => this.#answer(answer, header),
          (failure: unknown) => this.#refuse(header, describeError(failure)),
        )
        .then(() => {
          this.#isServing = false;
          this.#abandon = undefined;
          this.#serveWaiting();
        });
    } catch (failure) {
      this.#refuse(request?.header, describeError(failure));
    }
  }

  #dispatch({ header, body }: RequestFrame): ServedRequest | Promise<ServedRequest> {
    const { apiKey, apiVersion, correlationId } = header;
    const route = routeOf(apiKey);
    const isServed = route !== undefined && apiVersion >= route.api.minVersion && apiVersion <= route.api.maxVersion;
    if (isServed) return route.serve(this.#options.services, header, body, this.#context(header));
    if (apiKey === apis.ApiVersions.key) {
      return encodeResponseFrame(apis.ApiVersions, 0, correlationId, unsupportedApiVersions(servedRanges));
    }
    this.#refuse(header, 'this API or version is not served');
    return NO_ANSWER;
  }

  #context(header: RequestHeader): RequestContext {
    return {
      apiVersion: header.apiVersion,
      clientId: header.clientId ?? '',
      clientHost: `/${this.#options.remote}`,
      onAbandoned: (abandon) => (this.#abandon = abandon),
    };
  }

  #answer(served: ServedRequest, header: RequestHeader): void {
    if (served === NO_ANSWER || this.#isClosed) return;
    if (served === CLOSE_CONNECTION) this.#refuse(header, `a request without answer failed`);
    else this.#isDrained = this.#options.stream.write(served);
  }

  #limitReadAhead(): void {
    if (this.#isClosed || this.#isPaused) return;
    if ((!this.#isServing && this.#isDrained) || this.#frames.bufferedBytes <= this.#options.maxBufferedBytes) return;
    this.#isPaused = true;
    this.#options.stream.pause();
  }

  #refuse(header: RequestHeader | undefined, reason: string): void {
    if (this.#isClosed) return;
    const { id, remote, stream } = this.#options;
    brokerChannels.requestRefused.publish({
      connectionId: id,
      remote,
      api: header === undefined ? 'unreadable' : (routeOf(header.apiKey)?.api.name ?? String(header.apiKey)),
      apiVersion: header?.apiVersion,
      clientId: header?.clientId ?? null,
      reason,
    });
    this.#closed(reason);
    stream.destroy();
  }

  #closed(reason: string | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#abandon?.();
    const { id, remote, onClosed } = this.#options;
    const why = reason === undefined ? {} : { reason };
    brokerChannels.connection.publish({ connectionId: id, remote, kind: 'closed', ...why });
    onClosed(this);
  }
}
