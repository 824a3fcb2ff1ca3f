import { describe, expect, it } from '@jest/globals';
import { tlsRefusal } from './tls-refusal.js';

const failure = (code: string): Error => Object.assign(new Error('in the words of OpenSSL'), { code });

describe('what TLS refuses', () => {
  it.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', /not trusted; .*`tls\.ca`/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /not trusted; .*`tls\.ca`/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /not trusted; .*`tls\.ca`/],
    ['UNABLE_TO_GET_ISSUER_CERT', /not trusted; .*`tls\.ca`/],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /not trusted; .*`tls\.ca`/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /for other names, not for kafka-1; use a name/],
    ['CERT_HAS_EXPIRED', /expired; renew/],
    ['CERT_NOT_YET_VALID', /not valid yet; .*clock/],
    ['CERT_REVOKED', /in the words of OpenSSL.*; issue another/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /\(certificate required\); .*`tls\.cert`/],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', /\(unknown ca\); .*`tls\.cert`/],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', /\(bad certificate\); .*`tls\.cert`/],
    ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN', /\(certificate unknown\); .*`tls\.cert`/],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', /or shares no cipher.*`tls\.cert`/],
  ])('is fatal, with reason and remedy: %s', (code, words) => {
    const cause = failure(code);
    const error = tlsRefusal(cause, 'kafka-1', 9093);

    expect(error).toMatchObject({ code: 'MR_TLS_REFUSED', disposition: 'stop-app', cause });
    expect(error).toMatchObject({ place: { host: 'kafka-1', port: 9093, reason: code } });
    expect(error?.message).toMatch(/^no TLS with kafka-1:9093: /);
    expect(error?.message).toMatch(words);
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', 'ERR_SSL_DECRYPTION_FAILED'])(
    'is none of what may pass: %s',
    (code) => {
      expect(tlsRefusal(failure(code), 'kafka-1', 9093)).toBeUndefined();
    },
  );

  it('is none of an error without a code', () => {
    expect(tlsRefusal(new Error('lost'), 'kafka-1', 9093)).toBeUndefined();
  });
});
