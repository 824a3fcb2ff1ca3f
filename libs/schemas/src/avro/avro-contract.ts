import type { Serde } from '@millrace/streams';
import avro, { type Schema, type Type } from 'avsc';
import type { CompatibilityMode } from '../compatibility/compatibility.js';
import type { Contract, TopicCreation } from '../contract/contract.js';
import type { FieldError } from '../contract/field-error.js';
import { tooLarge, unknownVersion, unreadable, violation } from '../contract/record-errors.js';
import { schemaIdOf } from '../registry/schema-id.js';
import type { AvroRecordSchema } from './avro-schema.js';
import { FRAMING_BYTES, readSchemaId, writeFraming } from './confluent-framing.js';

/** What {@link avroContract} is made of. */
export interface AvroContractOptions<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  /** Oldest first; `V` is the type of the last. Older ones are resolved to it by Avro's rules while reading. */
  readonly versions: readonly [AvroContractVersion, ...AvroContractVersion[]];
  /** Default: 65,536. */
  readonly maxBytes?: number;
  /** Default: `full`. */
  readonly compatibility?: CompatibilityMode;
  readonly creation: TopicCreation;
  readonly keyOf: (value: V) => K | null;
  readonly timestampMsOf: (value: V) => number;
}

/** One released Avro form of a topic's values. */
export interface AvroContractVersion {
  readonly version: number;
  readonly schema: AvroRecordSchema;
}

const DEFAULT_MAX_BYTES = 64 * 1024;

/** A contract whose values are Avro records behind Confluent's frame: 0x00, int32 schema id, body. */
export function avroContract<K, V>(options: AvroContractOptions<K, V>): Contract<K, V> {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const types = options.versions.map(({ schema }) => avro.Type.forSchema(schema as unknown as Schema));
  const current = types.at(-1) as Type;
  return {
    name: options.name,
    key: options.key,
    value: avroSerde<V>(options, current, types, maxBytes),
    format: 'avro',
    versions: options.versions,
    compatibility: options.compatibility ?? 'full',
    maxBytes,
    creation: options.creation,
    validate: (value) => fieldErrors(current, value),
    keyOf: options.keyOf,
    timestampMsOf: options.timestampMsOf,
  };
}

function avroSerde<V>(
  { name: topic, versions }: Pick<AvroContractOptions<never, V>, 'name' | 'versions'>,
  current: Type,
  types: readonly Type[],
  maxBytes: number,
): Serde<V> {
  const ids = versions.map(({ schema }) => schemaIdOf('avro', schema));
  const currentId = ids.at(-1) as number;
  const known = versions.map(({ version }) => version);
  const resolvers = types.map((type) => (type === current ? undefined : current.createResolver(type)));
  // One value is encoded at a time and copied out, so all values of the topic share this buffer.
  const scratch = Buffer.allocUnsafe(maxBytes);
  return {
    name: `avro(${topic})`,
    serialize(value) {
      let end: number;
      try {
        end = current.encode(value, scratch, FRAMING_BYTES);
      } catch {
        throw violation(topic, fieldErrors(current, value));
      }
      if (end < 0) throw tooLarge(topic, maxBytes - end, maxBytes);
      writeFraming(scratch, currentId);
      return Buffer.from(scratch.subarray(0, end));
    },
    deserialize(buffer, start, end) {
      if (end - start > maxBytes) throw tooLarge(topic, end - start, maxBytes);
      const id = readSchemaId(buffer, start, end);
      if (id === undefined) throw unreadable(topic, "it does not begin with Confluent's frame (0x00 and a schema id)");
      const at = id === currentId ? ids.length - 1 : ids.indexOf(id);
      if (at < 0) throw unknownVersion(topic, known, `the unknown schema id ${id}`);
      return decode<V>(topic, current, types[at] as Type, resolvers[at], buffer.subarray(start + FRAMING_BYTES, end));
    },
  };
}

function decode<V>(topic: string, current: Type, writer: Type, resolver: unknown, body: Buffer): V {
  let decoded: { value: V; offset: number };
  try {
    decoded = writer === current ? current.decode(body, 0) : current.decode(body, 0, resolver as never);
  } catch {
    throw unreadable(topic, 'its body is not Avro of the schema that its frame names');
  }
  if (decoded.offset !== body.length) {
    throw unreadable(topic, `its body should end after ${decoded.offset < 0 ? 'more' : 'fewer'} bytes`);
  }
  return decoded.value;
}

/** avsc calls back for each place that does not fit, with the path to it. */
function fieldErrors(type: Type, value: unknown): readonly FieldError[] {
  const errors: FieldError[] = [];
  type.isValid(value, {
    errorHook: (path: string[], _found: unknown, expected: Type) => {
      errors.push({ pointer: path.map((token) => `/${token}`).join(''), problem: `must be ${typeText(expected)}` });
    },
  });
  return errors;
}

function typeText(type: Type): string {
  const schema = JSON.parse(type.toString()) as unknown;
  return Array.isArray(schema) ? schema.join(' or ') : typeof schema === 'string' ? schema : 'a record';
}
