/** `@millrace/testing/tls`: certificates for specs that start TLS servers; an entry of its own, as few specs need a library for X.509. */
export { CertificateAuthority, type CertificateSubject, type IssuedCertificate } from './tls/certificate-authority.js';
