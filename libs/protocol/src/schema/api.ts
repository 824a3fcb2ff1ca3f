import type { Reader } from '../wire/reader.js';
import type { Writer } from '../wire/writer.js';
import type { DecodedOf, DraftOf, Shape } from './field.js';
import { message } from './message.js';
import { parseVersions, type VersionText } from './versions.js';

/**
 * One API of the protocol: a request and its response.
 *
 * What is decoded always holds every field, with Kafka's default where the version lacks it. What is encoded may leave
 * out fields that have a default or that some version lacks; a value that the version cannot carry throws, unless Kafka
 * declares the field ignorable.
 */
export interface Api<Req, Res, ReqDraft = Req, ResDraft = Res> {
  readonly key: number;
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  /** The first flexible version (KIP-482); infinite when there is none. */
  readonly flexibleFrom: number;
  encodeRequest(writer: Writer, version: number, body: ReqDraft): void;
  decodeRequest(reader: Reader, version: number): Req;
  encodeResponse(writer: Writer, version: number, body: ResDraft): void;
  decodeResponse(reader: Reader, version: number): Res;
}

/** An API whose messages are not known statically. */
export type AnyApi = Api<unknown, unknown, never, never>;

/** A decoded request of an API. */
export type RequestOf<A> = A extends { decodeRequest(reader: Reader, version: number): infer Req } ? Req : never;

/** A decoded response of an API. */
export type ResponseOf<A> = A extends { decodeResponse(reader: Reader, version: number): infer Res } ? Res : never;

/** A request to encode: fields with defaults may be left out. */
export type RequestDraftOf<A> = A extends {
  encodeRequest(writer: Writer, version: number, body: infer Draft): void;
}
  ? Draft
  : never;

/** A response to encode: fields with defaults may be left out. */
export type ResponseDraftOf<A> = A extends {
  encodeResponse(writer: Writer, version: number, body: infer Draft): void;
}
  ? Draft
  : never;

/** What an API is made of. */
export interface ApiDefinition<Q extends Shape, P extends Shape> {
  readonly key: number;
  readonly name: string;
  readonly versions: VersionText;
  /** The first flexible version (KIP-482); default none. */
  readonly flexibleFrom?: number;
  readonly request: Q;
  readonly response: P;
}

/** Declares an API. */
export function api<const Q extends Shape, const P extends Shape>(
  definition: ApiDefinition<Q, P>,
): Api<DecodedOf<Q>, DecodedOf<P>, DraftOf<Q>, DraftOf<P>> {
  const { key, name, versions, flexibleFrom = Number.POSITIVE_INFINITY } = definition;
  const range = parseVersions(versions);
  const request = message({ name: `${name}.request`, versions, flexibleFrom, shape: definition.request });
  const response = message({ name: `${name}.response`, versions, flexibleFrom, shape: definition.response });
  return {
    key,
    name,
    minVersion: range.from,
    maxVersion: range.to,
    flexibleFrom,
    encodeRequest: (writer, version, body) => request.encode(writer, version, body),
    decodeRequest: (reader, version) => request.decode(reader, version),
    encodeResponse: (writer, version, body) => response.encode(writer, version, body),
    decodeResponse: (reader, version) => response.decode(reader, version),
  };
}
