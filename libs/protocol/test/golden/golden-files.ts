import { readFileSync } from 'node:fs';
import path from 'node:path';

/** One message in one version, as kafka-clients writes it. */
export interface GoldenMessage {
  readonly api: string;
  readonly version: number;
  readonly kind: 'request' | 'response';
  readonly variant: 'full' | 'sparse';
  /** Header and body in hexadecimal, without the size prefix. */
  readonly frame: string;
  readonly body: GoldenBody;
}

/** A message body in Kafka's JSON form: bytes and UUIDs are in base 64. */
export type GoldenBody = { readonly [field: string]: unknown };

/** One message of the consumer protocol, with its version in front. */
export interface GoldenProtocolMessage {
  readonly type: 'subscription' | 'assignment';
  readonly version: number;
  readonly bytes: string;
  readonly body: GoldenBody;
}

/** A record as Kafka's own reader sees it; bytes in hexadecimal. */
export interface GoldenRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [key: string, value: string | null])[];
}

/** A batch and what Kafka's own reader says of it. */
export interface GoldenBatch {
  readonly name: string;
  readonly bytes: string;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly partitionLeaderEpoch: number;
  readonly maxTimestampMs: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly recordCount: number;
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly timestampType: 'create-time' | 'log-append-time';
  /** All records, but only the first of a batch named `large`. */
  readonly records: readonly GoldenRecord[];
}

interface GoldenFiles {
  'messages.json': GoldenMessage[];
  'consumer-protocol.json': GoldenProtocolMessage[];
  'batches.json': GoldenBatch[];
  'murmur2.json': [hex: string, hash: number, partitionOf48: number][];
  'errors.json': [name: string, code: number, retriable: boolean][];
  'lz4-frames.json': { readonly name: string; readonly base64: string }[];
  'sequences.json': [sequence: number, by: number, incremented: number, decremented: number][];
}

/** Reads one of the files that `GoldenBytes.java` wrote, or the frames that the `lz4` tool made. */
export function golden<Name extends keyof GoldenFiles>(name: Name): GoldenFiles[Name] {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, name), 'utf8')) as GoldenFiles[Name];
}

/** Turns a decoded body into Kafka's JSON form, keeping only the fields that the golden one has. */
export function inGoldenForm(decoded: unknown, like: unknown): unknown {
  if (Array.isArray(decoded) && Array.isArray(like)) {
    return decoded.map((each, index) => inGoldenForm(each, like[index]));
  }
  if (Buffer.isBuffer(decoded)) return decoded.toString('base64');
  if (typeof decoded === 'string' && /^[0-9a-f]{32}$/.test(decoded) && typeof like === 'string') {
    return Buffer.from(decoded, 'hex').toString('base64url');
  }
  if (typeof decoded !== 'object' || decoded === null || typeof like !== 'object' || like === null) return decoded;
  const fields = decoded as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(like).map(([name, golden]) => [
      name,
      name === 'records' && fields[name] !== null ? golden : inGoldenForm(fields[name], golden),
    ]),
  );
}
