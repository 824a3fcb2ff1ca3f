import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { FatalError } from '@millrace/kernel';

/** What a {@link ScramExchange} is made of. */
export interface ScramOptions {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
  /** The client's nonce. Default: 24 random bytes; given only to repeat the examples of the RFC. */
  readonly nonce?: string;
}

/** Fewer rounds than RFC 7677 demands would let a false broker guess passwords cheaply. */
const MIN_ITERATIONS = 4096;
/** More rounds than this only serve to stall the client. */
const MAX_ITERATIONS = 10_000_000;

/** The client's side of SCRAM without channel binding (RFC 5802, RFC 7677). */
export class ScramExchange {
  readonly #options: ScramOptions;
  readonly #hash: 'sha256' | 'sha512';
  readonly #nonce: string;
  #expectedServerSignature: Buffer | undefined;
  #finished = false;

  constructor(options: ScramOptions) {
    this.#options = options;
    this.#hash = options.mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';
    this.#nonce = options.nonce ?? randomBytes(24).toString('base64');
  }

  first(): Buffer {
    return Buffer.from(`n,,${this.#firstBare()}`);
  }

  /**
   * Answers the server; `undefined` once the server has proved that it knows the password too.
   *
   * @throws {FatalError} (stop-app) `MR_BROKER_REFUSED` when the server's part is malformed or does not prove that.
   */
  next(challenge: Buffer): Buffer | undefined {
    if (this.#finished) throw refused('the broker goes on after the last message');
    return this.#expectedServerSignature === undefined ? this.#prove(challenge) : this.#verify(challenge);
  }

  #firstBare(): string {
    const name = this.#options.username.replaceAll('=', '=3D').replaceAll(',', '=2C');
    return `n=${name},r=${this.#nonce}`;
  }

  #prove(challenge: Buffer): Buffer {
    const serverFirst = challenge.toString('utf8');
    const fields = attributes(serverFirst);
    const nonce = fields.get('r') ?? '';
    const salt = Buffer.from(fields.get('s') ?? '', 'base64');
    const iterations = Number(fields.get('i'));
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length)
      throw refused("the broker's nonce is not an extension of ours");
    if (salt.length === 0) throw refused('the broker sent no salt');
    if (!(iterations >= MIN_ITERATIONS && iterations <= MAX_ITERATIONS))
      throw refused(`the broker asks for ${iterations} iterations`);

    const length = this.#hash === 'sha256' ? 32 : 64;
    const salted = pbkdf2Sync(this.#options.password.normalize('NFKC'), salt, iterations, length, this.#hash);
    const clientKey = this.#hmac(salted, 'Client Key');
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const withoutProof = `c=biws,r=${nonce}`;
    const message = `${this.#firstBare()},${serverFirst},${withoutProof}`;
    const signature = this.#hmac(storedKey, message);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] as number)));
    this.#expectedServerSignature = this.#hmac(this.#hmac(salted, 'Server Key'), message);
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  #verify(challenge: Buffer): undefined {
    const signature = Buffer.from(attributes(challenge.toString('utf8')).get('v') ?? '', 'base64');
    const expected = this.#expectedServerSignature as Buffer;
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw refused('the broker did not prove that it knows the password: it may not be the broker you mean');
    }
    this.#finished = true;
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }
}

function attributes(message: string): Map<string, string> {
  return new Map(message.split(',').map((field) => [field.slice(0, 1), field.slice(2)]));
}

function refused(why: string): FatalError {
  return new FatalError('MR_BROKER_REFUSED', `SCRAM authentication failed: ${why}`);
}
