import { FatalError } from '@millrace/kernel';
import { ErrorCodes, apis } from '@millrace/protocol';
import type { BrokerCapabilities } from '../connection/api-versions.js';
import type { Connection } from '../connection/connection.js';
import { ScramExchange } from './scram.js';

/** Credentials for a listener that asks for SASL. Use TLS with them wherever the network is not your own. */
export interface SaslOptions {
  /** Kafka property `sasl.mechanism`. */
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
}

/** What a mechanism says, message by message; `next` gets the broker's answer and returns `undefined` when it is done. */
interface SaslExchange {
  first(): Buffer;
  next(challenge: Buffer): Buffer | undefined;
}

class PlainExchange implements SaslExchange {
  readonly #options: SaslOptions;

  constructor(options: SaslOptions) {
    this.#options = options;
  }

  first(): Buffer {
    return Buffer.from(`\0${this.#options.username}\0${this.#options.password}`);
  }

  next(): undefined {
    return undefined;
  }
}

/**
 * Authenticates a fresh connection (KIP-43, KIP-152).
 *
 * @returns How long the broker accepts this session, in milliseconds; 0 for as long as the connection lives (KIP-368).
 * @throws {FatalError} (stop-app) `MR_BROKER_REFUSED` when the broker refuses the mechanism or the credentials, or when it
 *   cannot prove that it knows them.
 */
export async function authenticate(
  connection: Connection,
  capabilities: BrokerCapabilities,
  options: SaslOptions,
  timeoutMs: number,
): Promise<number> {
  const { mechanism } = options;
  const handshakeVersion = capabilities.versionOf(apis.SaslHandshake);
  const handshake = await connection.request(apis.SaslHandshake, handshakeVersion, { mechanism }, timeoutMs);
  if (handshake.errorCode !== ErrorCodes.NONE) {
    const offered = handshake.mechanisms.join(', ');
    throw new FatalError(
      'MR_BROKER_REFUSED',
      `the broker does not take SASL mechanism ${mechanism}; it offers ${offered}`,
    );
  }
  const exchange: SaslExchange =
    mechanism === 'PLAIN' ? new PlainExchange(options) : new ScramExchange({ ...options, mechanism });
  const version = capabilities.versionOf(apis.SaslAuthenticate);
  let lifetimeMs = 0;
  for (let authBytes: Buffer | undefined = exchange.first(); authBytes !== undefined;) {
    const answer = await connection.request(apis.SaslAuthenticate, version, { authBytes }, timeoutMs);
    if (answer.errorCode !== ErrorCodes.NONE) {
      throw new FatalError(
        'MR_BROKER_REFUSED',
        `the broker refused the ${mechanism} credentials of the configured user`,
      );
    }
    lifetimeMs = answer.sessionLifetimeMs;
    authBytes = exchange.next(answer.authBytes);
  }
  return lifetimeMs;
}
