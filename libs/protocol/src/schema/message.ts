import { unsupported } from '../errors/protocol-error.js';
import type { Reader } from '../wire/reader.js';
import type { Writer } from '../wire/writer.js';
import { compileStruct } from './composites.js';
import type { Codec, DecodedOf, DraftOf, Shape } from './field.js';
import { holdsVersion, parseVersions, type VersionText } from './versions.js';

/** Both directions of a message, in all its versions. */
export interface Message<Decoded, Draft> {
  /** @throws ProtocolError `MR_PROTOCOL_UNSUPPORTED` for an unknown version or a value it cannot carry (stop-app). */
  encode(writer: Writer, version: number, body: Draft): void;
  /** @throws ProtocolError `MR_PROTOCOL_CORRUPT` for bytes that are not such a message (stop-app). */
  decode(reader: Reader, version: number): Decoded;
}

/** What a message is made of. */
export interface MessageDefinition<S extends Shape> {
  /** The name, for error messages. */
  readonly name: string;
  readonly versions: VersionText;
  /** The first flexible version (KIP-482); infinite when there is none. */
  readonly flexibleFrom: number;
  readonly shape: S;
}

/** Declares a message once for both directions; each version is compiled to closures when it is first used. */
export function message<const S extends Shape>(definition: MessageDefinition<S>): Message<DecodedOf<S>, DraftOf<S>> {
  const range = parseVersions(definition.versions);
  const compiled = new Map<number, Codec<unknown, unknown>>();
  const codecFor = (version: number): Codec<unknown, unknown> => {
    const known = compiled.get(version);
    if (known !== undefined) return known;
    if (!Number.isInteger(version) || !holdsVersion(range, version)) {
      throw unsupported(`${definition.name} has no version ${version}; use ${definition.versions}.`);
    }
    const flexible = version >= definition.flexibleFrom;
    const codec = compileStruct(definition.shape, { version, flexible, nullable: false, path: definition.name });
    compiled.set(version, codec);
    return codec;
  };
  return {
    encode: (writer, version, body) => codecFor(version).write(writer, body),
    decode: (reader, version) => codecFor(version).read(reader) as DecodedOf<S>,
  };
}
