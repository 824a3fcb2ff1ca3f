import type { RecordHeader } from '@millrace/protocol';

/** A record in a form that every client can tell: bytes as hexadecimal, headers by name. */
export interface WireRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  /** Values of each name, in their order. kafkajs does not keep the order among different names. */
  readonly headers: Readonly<Record<string, readonly (string | null)[]>>;
}

/** What is written: a {@link WireRecord} that has no offset yet. */
export interface RecordDraft {
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

/** Bytes as a {@link WireRecord} has them. */
export function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
}

/** Headers as a {@link WireRecord} has them. */
export function headersByName(headers: readonly RecordHeader[]): WireRecord['headers'] {
  const byName: Record<string, (string | null)[]> = {};
  for (const { key, value } of headers) (byName[key] ??= []).push(hex(value));
  return byName;
}

/** What a reader must see of a draft that was written at an offset. */
export function asWritten(draft: RecordDraft, offset: number): WireRecord {
  const { timestampMs, key, value, headers } = draft;
  return { offset, timestampMs, key: hex(key), value: hex(value), headers: headersByName(headers) };
}
