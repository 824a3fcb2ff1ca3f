import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { webcrypto } from 'node:crypto';

/** A private key and the certificate for it, as PEM. */
export interface IssuedCertificate {
  /** PKCS #8, not encrypted. */
  readonly key: string;
  /** The certificate, followed by that of the authority. */
  readonly chain: string;
}

/** Whom a certificate is for. */
export interface CertificateSubject {
  readonly commonName: string;
  /** Names by which it is reached. Default: none. */
  readonly dnsNames?: readonly string[];
  /** Addresses by which it is reached. Default: none. */
  readonly addresses?: readonly string[];
  /** From when it is valid. Default: an hour ago, as the clocks of containers may differ. */
  readonly notBefore?: Date;
  /** Until when it is valid. Default: for a day. */
  readonly notAfter?: Date;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** An authority of its own for one test: what it issues is valid for a day unless told otherwise, and trusted by whoever is given {@link certificate}. */
export class CertificateAuthority {
  /** The authority's own certificate as PEM: the `ca` of a client. */
  readonly certificate: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #issuer: x509.X509Certificate;

  private constructor(keys: webcrypto.CryptoKeyPair, issuer: x509.X509Certificate) {
    this.#keys = keys;
    this.#issuer = issuer;
    this.certificate = `${issuer.toString('pem')}\n`;
  }

  static async create(commonName = 'Millrace test authority'): Promise<CertificateAuthority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned(
      {
        name: `CN=${commonName}`,
        keys,
        ...validity(),
        signingAlgorithm: ALGORITHM,
        extensions: [
          new x509.BasicConstraintsExtension(true, 0, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        ],
      },
      webcrypto,
    );
    return new CertificateAuthority(keys, certificate);
  }

  /** A certificate for servers and clients alike. */
  async issue(subject: CertificateSubject): Promise<IssuedCertificate> {
    const { commonName, dnsNames = [], addresses = [] } = subject;
    const keys = await newKeys();
    const names: x509.JsonGeneralNames = [
      ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
      ...addresses.map((value) => ({ type: 'ip' as const, value })),
    ];
    const certificate = await x509.X509CertificateGenerator.create(
      {
        subject: `CN=${commonName}`,
        issuer: this.#issuer.subject,
        publicKey: keys.publicKey,
        signingKey: this.#keys.privateKey,
        ...validity(subject),
        signingAlgorithm: ALGORITHM,
        extensions: [
          new x509.BasicConstraintsExtension(false),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
          ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
          await x509.AuthorityKeyIdentifierExtension.create(this.#keys.publicKey, false, webcrypto),
        ],
      },
      webcrypto,
    );
    const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    return {
      key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
      chain: `${certificate.toString('pem')}\n${this.certificate}`,
    };
  }
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

/** From an hour ago to a day from now, unless told otherwise. */
function validity(asked: Pick<CertificateSubject, 'notBefore' | 'notAfter'> = {}): { notBefore: Date; notAfter: Date } {
  const nowMs = new Date().getTime();
  return {
    notBefore: asked.notBefore ?? new Date(nowMs - DAY_MS / 24),
    notAfter: asked.notAfter ?? new Date(nowMs + DAY_MS),
  };
}
