import { lz4Compress, lz4Decompress } from './lz4.js';
import { snappyCompress, snappyDecompress } from './snappy.js';
import { gzipCompress, gzipDecompress, zstdCompress, zstdDecompress } from './zlib.js';

/** Kafka's compression types, at the index that the attributes of a batch carry. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** How the records of a batch are compressed (Kafka: `compression.type`). */
export type Compression = (typeof COMPRESSIONS)[number];

/** Both directions of one compression. */
interface Compressor {
  compress(bytes: Buffer): Buffer;
  /** Throws anything when the bytes are broken or hold more than `maxBytes`; never allocates much more than that. */
  decompress(bytes: Buffer, maxBytes: number): Buffer;
}

const COMPRESSORS: Readonly<Record<Compression, Compressor>> = {
  none: { compress: (bytes) => bytes, decompress: (bytes) => bytes },
  gzip: { compress: gzipCompress, decompress: gzipDecompress },
  snappy: { compress: snappyCompress, decompress: snappyDecompress },
  lz4: { compress: lz4Compress, decompress: lz4Decompress },
  zstd: { compress: zstdCompress, decompress: zstdDecompress },
};

/** Compresses bytes as Kafka's other clients expect them. */
export function compress(compression: Compression, bytes: Buffer): Buffer {
  return COMPRESSORS[compression].compress(bytes);
}

/** Decompresses bytes; throws some error when they are broken or would take more than `maxBytes`. */
export function decompress(compression: Compression, bytes: Buffer, maxBytes: number): Buffer {
  return COMPRESSORS[compression].decompress(bytes, maxBytes);
}
