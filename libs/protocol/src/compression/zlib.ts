import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** The bounds of the buffer that zlib fills and, when it is full, fills anew. */
const MIN_CHUNK_BYTES = 4 * 1024;
const MAX_CHUNK_BYTES = 1024 * 1024;

/** The largest window that a Zstandard frame may ask for: 2^26 bytes, 64 MiB. Kafka's own clients stay at 2^21. */
const ZSTD_MAX_WINDOW_LOG = 26;

/** How many times its size compressed records usually decompress to, as a first guess. */
const USUAL_RATIO = 6;

/** Compresses as gzip (RFC 1952) at Kafka's default level. */
export function gzipCompress(bytes: Buffer): Buffer {
  return gzipSync(bytes, { chunkSize: chunkFor(bytes.length / 2) });
}

/** Decompresses gzip; throws when the output would be larger than `maxBytes`. */
export function gzipDecompress(bytes: Buffer, maxBytes: number): Buffer {
  // The last four bytes say how long the output is; nothing depends on it but the number of copies.
  const claimedBytes = bytes.length < 4 ? 0 : bytes.readUInt32LE(bytes.length - 4);
  const likelyBytes = Math.min(claimedBytes, bytes.length * 16);
  return gunzipSync(bytes, { maxOutputLength: maxBytes, chunkSize: chunkFor(likelyBytes + 1) });
}

/** Compresses as Zstandard (RFC 8878) at level 3, Kafka's default. */
export function zstdCompress(bytes: Buffer): Buffer {
  return zstdCompressSync(bytes, { chunkSize: chunkFor(bytes.length / 2) });
}

/** Decompresses Zstandard; throws when the output would be larger than `maxBytes` or the window larger than 64 MiB. */
export function zstdDecompress(bytes: Buffer, maxBytes: number): Buffer {
  return zstdDecompressSync(bytes, {
    maxOutputLength: maxBytes,
    chunkSize: chunkFor(bytes.length * USUAL_RATIO),
    params: { [constants.ZSTD_d_windowLogMax]: ZSTD_MAX_WINDOW_LOG },
  });
}

function chunkFor(likelyBytes: number): number {
  return Math.min(Math.max(Math.ceil(likelyBytes), MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
}
