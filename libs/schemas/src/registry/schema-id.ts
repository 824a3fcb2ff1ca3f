import { createHash } from 'node:crypto';
import type { ContractFormat } from '../contract/contract.js';

const MAX_ID = 0x7fff_ffff;

/** A schema as JSON text with sorted keys, so that equal schemas have equal texts whatever order they are written in. */
export function canonicalText(schema: unknown): string {
  return JSON.stringify(schema, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
      : value,
  );
}

/**
 * The id of a schema as far as no registry hands out ids: 31 bits of the SHA-256 of its canonical text. The same in every
 * process and on every start without any of them having to ask another; never 0, which Confluent's registries do not use.
 */
export function schemaIdOf(format: ContractFormat, schema: object): number {
  const digest = createHash('sha256')
    .update(`${format}\n${canonicalText(schema)}`)
    .digest();
  return digest.readUInt32BE(0) & MAX_ID || 1;
}
