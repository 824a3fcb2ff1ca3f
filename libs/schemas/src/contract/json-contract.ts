import type { Serde } from '@millrace/streams';
import type { CompatibilityMode } from '../compatibility/compatibility.js';
import { JsonTextError, parseJson } from '../json-schema/json-text.js';
import type { JsonSchema } from '../json-schema/json-schema.js';
import { compileSchema, type SchemaValidator } from '../json-schema/validator.js';
import type { Contract, ContractVersion, TopicCreation } from './contract.js';
import type { FieldError } from './field-error.js';
import { tooLarge, unknownVersion, unreadable, violation } from './record-errors.js';

/** One released JSON form of a topic's values. */
export interface JsonContractVersion extends ContractVersion {
  readonly schema: JsonSchema;
  /** Turns a value of this version into one of the next; every version but the last has it. Must not change its input. */
  readonly upcast?: (value: unknown) => unknown;
}

/** What {@link jsonContract} is made of. */
export interface JsonContractOptions<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  /** Oldest first, numbered without gaps; `V` is the type of the last. Each schema requires `version` to be its number. */
  readonly versions: readonly [JsonContractVersion, ...JsonContractVersion[]];
  /** Default: 65,536. */
  readonly maxBytes?: number;
  /** Default: `backward`. */
  readonly compatibility?: CompatibilityMode;
  readonly creation: TopicCreation;
  readonly keyOf: (value: V) => K | null;
  readonly timestampMsOf: (value: V) => number;
}

const DEFAULT_MAX_BYTES = 64 * 1024;

/** A contract whose values are JSON texts with a `version`, checked against JSON Schema. */
export function jsonContract<K, V>(options: JsonContractOptions<K, V>): Contract<K, V> {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const reader = new VersionedReader<V>(options.name, options.versions);
  return {
    name: options.name,
    key: options.key,
    value: jsonSerde(options.name, maxBytes, reader),
    format: 'json-schema',
    versions: options.versions,
    compatibility: options.compatibility ?? 'backward',
    maxBytes,
    creation: options.creation,
    validate: (value) => reader.validate(value),
    keyOf: options.keyOf,
    timestampMsOf: options.timestampMsOf,
  };
}

function jsonSerde<V>(topic: string, maxBytes: number, reader: VersionedReader<V>): Serde<V> {
  return {
    name: `json(${topic})`,
    serialize(value) {
      const bytes = Buffer.from(JSON.stringify(value), 'utf8');
      if (bytes.length > maxBytes) throw tooLarge(topic, bytes.length, maxBytes);
      return bytes;
    },
    deserialize(buffer, start, end) {
      if (end - start > maxBytes) throw tooLarge(topic, end - start, maxBytes);
      let value: unknown;
      try {
        value = parseJson(buffer, start, end);
      } catch (cause) {
        throw unreadable(topic, cause instanceof JsonTextError ? cause.message : 'the parser failed');
      }
      return reader.read(value);
    },
  };
}

/** Finds the version of a value, checks it, and brings it to the last one. */
class VersionedReader<V> {
  readonly #topic: string;
  readonly #versions: readonly JsonContractVersion[];
  readonly #validators: readonly SchemaValidator<unknown>[];
  readonly #current: SchemaValidator<V>;

  constructor(topic: string, versions: readonly JsonContractVersion[]) {
    this.#topic = topic;
    this.#versions = versions;
    this.#validators = versions.map(({ schema }) => compileSchema(schema));
    this.#current = this.#validators.at(-1) as SchemaValidator<V>;
  }

  /** Of the last version, in one check: its schema pins `version` too. */
  read(value: unknown): V {
    return this.#current.accepts(value) ? value : this.#readOlder(value);
  }

  validate(value: unknown): readonly FieldError[] {
    const version = versionOf(value);
    if (!Number.isInteger(version)) return this.#current.problems(value);
    const at = this.#indexOf(version);
    if (at >= 0) return (this.#validators[at] as SchemaValidator<unknown>).problems(value);
    return [{ pointer: '/version', problem: `must be a known version: ${this.#known().join(', ')}` }];
  }

  #readOlder(value: unknown): V {
    const version = versionOf(value);
    if (!Number.isInteger(version)) throw violation(this.#topic, this.#current.problems(value));
    const at = this.#indexOf(version);
    if (at < 0) throw unknownVersion(this.#topic, this.#known(), `version ${String(version)}`);
    const validator = this.#validators[at] as SchemaValidator<unknown>;
    if (!validator.accepts(value)) throw violation(this.#topic, validator.problems(value));
    let upcasted: unknown = value;
    for (const { upcast } of this.#versions.slice(at, -1)) upcasted = upcast?.(upcasted);
    if (this.#current.accepts(upcasted)) return upcasted;
    throw violation(this.#topic, this.#current.problems(upcasted));
  }

  #indexOf(version: unknown): number {
    return this.#versions.findIndex((each) => each.version === version);
  }

  #known(): readonly number[] {
    return this.#versions.map(({ version }) => version);
  }
}

function versionOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { version?: unknown }).version : undefined;
}
