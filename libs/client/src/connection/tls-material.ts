import { FatalError } from '@millrace/kernel';
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type ConnectionOptions, type SecureContext } from 'node:tls';

/** Which TLS setting cannot be used, why, and what to do. */
interface Fault {
  /** As it is told: a setting in backticks, or all of them. */
  readonly setting: string;
  readonly why: string;
  readonly remedy: string;
}

const CERTIFICATE = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^]*?-----END \1-----/g;
const BEGINNING = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g;

const CA: Fault = {
  setting: '`tls.ca`',
  why: 'cannot be read as certificates',
  remedy: 'give the contents of a file of certificates in PEM form, whole, and not its path',
};
const CERT: Fault = {
  setting: '`tls.cert`',
  why: 'cannot be read as a certificate',
  remedy: "give the contents of the client's certificate in PEM form, whole, and not its path",
};
const KEY: Fault = {
  setting: '`tls.key`',
  why: 'cannot be read as a private key',
  remedy: 'give the contents of a private key in PEM form, whole, and not its path',
};
const LOCKED_KEY: Fault = {
  setting: '`tls.key`',
  why: 'is encrypted, and is not opened by what it is given',
  remedy: 'give its passphrase as `tls.passphrase`',
};
const FOREIGN_KEY: Fault = {
  setting: '`tls.key`',
  why: 'is not the key of `tls.cert`',
  remedy: 'give the private key that the certificate was issued for, and the certificate as the first of `tls.cert`',
};
const PFX: Fault = {
  setting: '`tls.pfx`',
  why: 'cannot be opened',
  remedy: 'give the contents of a PKCS #12 file, and its passphrase as `tls.passphrase`',
};

/**
 * What OpenSSL makes of TLS settings, for all connections that are opened with them.
 *
 * Node passes over authorities that it cannot read, and fails at the others in the words of OpenSSL, the same way at each connection. Here
 * they are looked at once.
 *
 * @param address The broker that is to be connected to, for the message.
 * @throws {FatalError} (stop-app) `MR_TLS_REFUSED` that names the setting that cannot be used and the remedy, with OpenSSL's code as
 *   `place.reason`; never a word of what was given.
 */
export function secureContextOf(tls: ConnectionOptions, { host, port }: { host: string; port: number }): SecureContext {
  const refuse = ({ setting, why, remedy }: Fault, reason: string): never => {
    const message = `no TLS with ${host}:${port}: ${setting} ${why} (${reason}); ${remedy}`;
    throw new FatalError('MR_TLS_REFUSED', message, { place: { host, port, reason } });
  };
  if (!areCertificates(tls.ca)) refuse(CA, 'ERR_UNREADABLE_CERTIFICATE');
  try {
    return createSecureContext(tls);
  } catch (error) {
    // Node's own message may quote what it was given; its code does not.
    return refuse(faultOf(tls, error), codeOf(error));
  }
}

/** Whether every certificate in it can be read; nothing at all stands for the machine's own authorities. */
function areCertificates(ca: ConnectionOptions['ca']): boolean {
  return [ca ?? []].flat().every((each) => {
    const text = each.toString();
    if (text === '') return true;
    const found = text.match(CERTIFICATE) ?? [];
    return found.length > 0 && found.length === text.match(BEGINNING)?.length && found.every(isCertificate);
  });
}

function isCertificate(pem: string): boolean {
  // What OpenSSL adds to a trusted certificate is known to the loader of authorities alone.
  if (pem.startsWith('-----BEGIN TRUSTED')) return true;
  try {
    return new X509Certificate(pem).serialNumber !== '';
  } catch {
    return false;
  }
}

/** The setting that fails by itself, or with another one. */
function faultOf(tls: ConnectionOptions, error: unknown): Fault {
  const { cert, key, pfx, passphrase } = tls;
  const secret = passphrase === undefined ? {} : { passphrase };
  if (/_(VALUES|TYPE)_MISMATCH$/.test(codeOf(error))) return FOREIGN_KEY;
  if (cert !== undefined && failureOf({ cert }) !== undefined) return CERT;
  const ofKey = key === undefined ? undefined : failureOf({ key, ...secret });
  if (ofKey !== undefined) return /DECRYPT|PASS(PHRASE|WORD)/.test(codeOf(ofKey)) ? LOCKED_KEY : KEY;
  if (pfx !== undefined && failureOf({ pfx, ...secret }) !== undefined) return PFX;
  return { setting: 'the TLS settings', why: 'are not accepted', remedy: 'mend the one that this names' };
}

function failureOf(part: ConnectionOptions): unknown {
  try {
    createSecureContext(part);
    return undefined;
  } catch (error) {
    return error;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'no code';
}
