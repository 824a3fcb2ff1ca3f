import { FatalError } from '@millrace/kernel';

/** Why a connection by TLS did not come about, told so that whoever runs the application can mend it. */
interface Refusal {
  /** Node's codes: those of X.509 verification, of Node's own check of names, and of alerts that the broker sent. */
  readonly codes: RegExp;
  readonly why: (error: TlsError, host: string) => string;
  readonly remedy: string;
}

/** What Node adds to an error where a certificate is for other names. */
interface TlsError extends NodeJS.ErrnoException {
  /** The name that was asked for: `servername` where the TLS settings have one, else the host. */
  readonly host?: string;
  readonly cert?: { readonly subjectaltname?: string; readonly subject?: { readonly CN?: string } };
}

/** OpenSSL has renamed its alerts (`SSLV3_ALERT_…`, `SSL/TLS_ALERT_…`), so that only the end of a code counts. */
const REFUSALS: readonly Refusal[] = [
  {
    codes:
      /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?)|CERT_(UNTRUSTED|REJECTED|SIGNATURE_FAILURE)|INVALID_CA)$/,
    why: () => 'its certificate is of an authority that is not trusted',
    remedy: "give that authority's certificate as `tls.ca`",
  },
  {
    codes: /^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    why: ({ host: asked, cert }, host) => {
      const names = cert?.subjectaltname ?? cert?.subject?.CN ?? 'other names';
      return `its certificate is for ${names}, not for ${asked || host}`;
    },
    remedy:
      "use a name that the certificate has, in the bootstrap list and in the broker's advertised.listeners, or issue one that has this name",
  },
  {
    codes: /^CERT_HAS_EXPIRED$/,
    why: () => 'its certificate, or one of its authority, has expired',
    remedy: "renew the certificate, and check this machine's clock",
  },
  {
    codes: /^CERT_NOT_YET_VALID$/,
    why: () => 'its certificate, or one of its authority, is not valid yet',
    remedy: "check this machine's clock and the certificate's dates",
  },
  {
    codes: /^(CERT_REVOKED|INVALID_PURPOSE|CERT_CHAIN_TOO_LONG|PATH_LENGTH_EXCEEDED)$/,
    why: ({ message }) => `its certificate is not accepted (${message})`,
    remedy: 'issue another one for it',
  },
  {
    codes:
      /_ALERT_(CERTIFICATE_(REQUIRED|UNKNOWN|EXPIRED|REVOKED)|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/,
    why: ({ code }) => `it does not accept the certificate of the client, or that it has none (${alertOf(code)})`,
    remedy: "give a certificate that the broker's truststore vouches for as `tls.cert` and `tls.key`",
  },
  {
    codes: /_ALERT_HANDSHAKE_FAILURE$/,
    why: ({ code }) =>
      `it demands a certificate of the client, or shares no cipher with this process (${alertOf(code)})`,
    remedy: "give one that the broker's truststore vouches for as `tls.cert` and `tls.key`, or a cipher that it has",
  },
];

/**
 * The error for a connection that TLS refused for good: trying again would end the same way until somebody changes a setting or a
 * certificate.
 *
 * It names the address, the reason and the remedy. Certificates are public, and their names are told; keys never are.
 *
 * @returns a {@link FatalError} (stop-app) `MR_TLS_REFUSED` with Node's code as `place.reason`; `undefined` where the error is none of
 *   TLS, or may pass.
 */
export function tlsRefusal(error: Error, host: string, port: number): FatalError | undefined {
  const { code } = error as TlsError;
  if (code === undefined) return undefined;
  const refusal = REFUSALS.find(({ codes }) => codes.test(code));
  if (refusal === undefined) return undefined;
  const message = `no TLS with ${host}:${port}: ${refusal.why(error, host)}; ${refusal.remedy}`;
  return new FatalError('MR_TLS_REFUSED', message, { cause: error, place: { host, port, reason: code } });
}

/** `certificate required` of `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`: the name of the alert (RFC 8446, section 6). */
function alertOf(code = ''): string {
  return code
    .replace(/^.*_ALERT_/, '')
    .replaceAll('_', ' ')
    .toLowerCase();
}
