import type { RecordHeader } from '@millrace/protocol';

/** What a serializer of Nest makes of an answer: a message of kafkajs. */
export interface OutgoingMessage {
  readonly key?: unknown;
  readonly value: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly partition?: number;
  readonly timestamp?: string;
}

/** Bytes of a key, value or header: buffers as they are, text as UTF-8, nothing as null. */
export function bytesOf(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null;
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return Buffer.from(typeof value === 'object' ? JSON.stringify(value) : String(value as string), 'utf8');
}

/** Headers of a message of kafkajs; a list becomes several headers of one name. */
export function headersOf(headers: Readonly<Record<string, unknown>> | undefined): RecordHeader[] {
  return Object.entries(headers ?? {}).flatMap(([key, value]) =>
    Array.isArray(value) ? value.map((each) => ({ key, value: bytesOf(each) })) : [{ key, value: bytesOf(value) }],
  );
}
