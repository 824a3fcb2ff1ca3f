import { crc32c as nativeCrc32c } from '@node-rs/crc32';

/** The CRC-32C (Castagnoli, RFC 3720) of bytes, as an unsigned integer. */
export function crc32c(bytes: Uint8Array): number {
  return nativeCrc32c(bytes);
}
