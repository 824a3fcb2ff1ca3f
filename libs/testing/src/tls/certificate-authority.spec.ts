import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { CertificateAuthority, type IssuedCertificate } from './certificate-authority.js';

/** What a client that trusts `ca` says about a server with this certificate: whether it let it in, or why not. */
async function trust(issued: IssuedCertificate, ca: string, host: string): Promise<string> {
  const server = createServer({ key: issued.key, cert: issued.chain }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, ca, servername: host === '127.0.0.1' ? '' : host });
  socket.on('error', () => undefined);
  try {
    await once(socket, 'secureConnect');
    return 'trusted';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
    server.close();
  }
}

describe('a certificate authority', () => {
  it('issues certificates that a client accepts for their names and addresses', async () => {
    const authority = await CertificateAuthority.create();
    const broker = await authority.issue({ commonName: 'kafka-1', dnsNames: ['kafka-1'], addresses: ['127.0.0.1'] });

    expect(await trust(broker, authority.certificate, '127.0.0.1')).toBe('trusted');
    expect(await trust(broker, authority.certificate, 'kafka-1')).toBe('trusted');
    expect(await trust(broker, authority.certificate, 'kafka-2')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('issues certificates for the time that is asked for', async () => {
    const authority = await CertificateAuthority.create();
    const addresses = ['127.0.0.1'];
    const hour = (from: number): Date => new Date(Date.now() + from * 3_600_000);
    const over = await authority.issue({ commonName: 'over', addresses, notBefore: hour(-2), notAfter: hour(-1) });
    const ahead = await authority.issue({ commonName: 'ahead', addresses, notBefore: hour(1), notAfter: hour(2) });

    expect(await trust(over, authority.certificate, '127.0.0.1')).toBe('CERT_HAS_EXPIRED');
    expect(await trust(ahead, authority.certificate, '127.0.0.1')).toBe('CERT_NOT_YET_VALID');
  });

  it('is trusted by nobody who was not given its certificate', async () => {
    const [authority, other] = [await CertificateAuthority.create(), await CertificateAuthority.create('another')];
    const broker = await authority.issue({ commonName: 'kafka-1', addresses: ['127.0.0.1'] });

    expect(await trust(broker, other.certificate, '127.0.0.1')).toMatch(/^(SELF_SIGNED|UNABLE_TO)/);
  });
});
