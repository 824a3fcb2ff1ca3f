/**
 * A broker as one user of the cluster sees it: connects when first needed, again after a loss.
 *
 *   idle ──request──▶ connecting ──capabilities, SASL──▶ open ──loss, expiry, another address──▶ idle
 *     └────────────────────────── close() ──────────────────────────────▶ closed
 *
 * Requests made while connecting wait for it and keep their order.
 */
import { describeError, type Clock, type Dialer, type Timer } from '@millrace/kernel';
import { clientChannels } from '../diagnostics/channels.js';
import { stoppedError } from '../errors/broker-errors.js';
import { authenticate, type SaslOptions } from '../sasl/sasl.js';
import { askCapabilities, type BrokerCapabilities } from './api-versions.js';
import type { ClientApi } from './client-api.js';
import { Connection } from './connection.js';

/** Where a broker listens. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** Whether two addresses are one. */
export function isSameAddress(a: BrokerAddress, b: BrokerAddress): boolean {
  return a.host === b.host && a.port === b.port;
}

/** What all links of a cluster have in common. */
export interface LinkSettings {
  readonly clientId: string;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly sasl: SaslOptions | undefined;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** How to send one request. */
export interface RequestOptions {
  /** How long the broker may take, in milliseconds. Default: the cluster's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  /** The highest version that the caller can use. */
  readonly cap?: number;
}

interface OpenLink {
  readonly connection: Connection;
  readonly address: BrokerAddress;
  readonly capabilities: BrokerCapabilities;
}

/** A session is renewed after this share of the time that the broker grants it. */
const SESSION_SHARE = 0.85;

/** See the head of this file. */
export class BrokerLink {
  readonly nodeId: number;
  readonly purpose: string;
  readonly #settings: LinkSettings;
  readonly #address: () => BrokerAddress;
  #opening: Promise<OpenLink> | undefined;
  #open: OpenLink | undefined;
  #expiry: Timer | undefined;
  #closed = false;

  constructor(nodeId: number, purpose: string, address: () => BrokerAddress, settings: LinkSettings) {
    this.nodeId = nodeId;
    this.purpose = purpose;
    this.#address = address;
    this.#settings = settings;
  }

  /**
   * Sends a request in the highest version that both sides speak.
   *
   * @param body The request, or a function of the version where the request depends on it.
   * @throws {TransientError} (retry) when the broker cannot be reached, or the connection ends or times out.
   * @throws {FatalError} (stop-app) when there is no common version, or SASL is refused.
   */
  async request<Draft extends object, Res>(
    api: ClientApi<Draft, Res>,
    body: Draft | ((version: number) => Draft),
    options: RequestOptions = {},
  ): Promise<Res> {
    const { connection, capabilities } = this.#current() ?? (await this.#connected());
    const version = capabilities.versionOf(api, options.cap);
    const request = typeof body === 'function' ? body(version) : body;
    const timeoutMs = options.timeoutMs ?? this.#settings.requestTimeoutMs;
    if (!clientChannels.request.hasSubscribers) return connection.request(api, version, request, timeoutMs);
    const startedMs = this.#settings.clock.monotonicMs();
    const response = await connection.request(api, version, request, timeoutMs);
    const durationMs = this.#settings.clock.monotonicMs() - startedMs;
    clientChannels.request.publish({ api: api.name, nodeId: this.nodeId, durationMs });
    return response;
  }

  /** What the broker can do; connects when there is no connection. */
  async capabilities(): Promise<BrokerCapabilities> {
    return (this.#current() ?? (await this.#connected())).capabilities;
  }

  /** Ends the connection at once and for good: requests in flight and later ones fail. */
  close(): void {
    this.#closed = true;
    this.#drop((connection) => connection.destroy());
  }

  /** Ends the present connection; the next request opens another one. */
  reset(error?: Error): void {
    this.#drop((connection) => connection.destroy(error));
  }

  /** The open connection, unless the broker listens elsewhere by now: who answers at its former address may be another one. */
  #current(): OpenLink | undefined {
    if (this.#open === undefined) return undefined;
    if (isSameAddress(this.#open.address, this.#address())) return this.#open;
    this.#drop((connection) => connection.close());
    return undefined;
  }

  #connected(): Promise<OpenLink> {
    if (this.#closed) return Promise.reject(stoppedError(`the link to broker ${this.nodeId}`));
    this.#opening ??= this.#connect().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #connect(): Promise<OpenLink> {
    const address = this.#address();
    const { host, port } = address;
    const { dialer, clock, clientId, connectTimeoutMs, requestTimeoutMs, sasl } = this.#settings;
    const stream = await dialer.dial(host, port, { timeoutMs: connectTimeoutMs });
    const connection: Connection = new Connection(stream, {
      address: `${host}:${port}`,
      clientId,
      clock,
      onEnd: (error) => this.#lost(connection, error),
    });
    try {
      const capabilities = await askCapabilities(connection, requestTimeoutMs);
      if (sasl !== undefined) this.#renewIn(await authenticate(connection, capabilities, sasl, requestTimeoutMs));
      if (this.#closed) throw stoppedError(`the link to broker ${this.nodeId}`);
      // Nobody would be told any more that it has ended.
      connection.throwIfEnded();
      this.#open = { connection, address, capabilities };
      clientChannels.connection.publish({ event: 'opened', nodeId: this.nodeId, purpose: this.purpose });
      return this.#open;
    } catch (error) {
      connection.destroy(error as Error);
      throw error;
    }
  }

  #lost(connection: Connection, error: Error | undefined): void {
    if (this.#open?.connection !== connection) return;
    this.#open = undefined;
    this.#expiry?.cancel();
    const why = error === undefined ? {} : { error: describeError(error) };
    clientChannels.connection.publish({ event: 'closed', nodeId: this.nodeId, purpose: this.purpose, ...why });
  }

  #drop(end: (connection: Connection) => void): void {
    const connection = this.#open?.connection;
    if (connection === undefined) return;
    this.#lost(connection, undefined);
    end(connection);
  }

  /** Brokers end sessions that outlive their credentials (KIP-368): the link moves to a new connection before that. */
  #renewIn(lifetimeMs: number): void {
    this.#expiry?.cancel();
    if (lifetimeMs <= 0) return;
    const renew = (): void => this.#drop((connection) => connection.close());
    this.#expiry = this.#settings.clock.setTimer(lifetimeMs * SESSION_SHARE, renew, { unref: true });
  }
}
