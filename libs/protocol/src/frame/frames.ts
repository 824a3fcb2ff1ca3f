import { corrupt } from '../errors/protocol-error.js';
import { apiByKey } from '../messages/apis.js';
import { ApiVersions } from '../messages/api-versions.js';
import type { AnyApi, Api } from '../schema/api.js';
import { Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

/** The header of a request. */
export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  /** Chosen by the client; the response carries the same. */
  readonly correlationId: number;
  readonly clientId: string | null;
}

/** A request whose body is still to be decoded. */
export interface RequestFrame {
  readonly header: RequestHeader;
  /** The API, or undefined when Millrace does not know its key. The version may still be outside its range. */
  readonly api: AnyApi | undefined;
  /** Stands at the first byte of the body. */
  readonly body: Reader;
}

/** A decoded response. */
export interface ResponseFrame<Res> {
  readonly correlationId: number;
  readonly body: Res;
}

const SIZE_BYTES = 4;

/**
 * Encodes a request with its size prefix, as chunks to be written in order. Large record batches are not copied: they must
 * not change until the chunks are written.
 *
 * @throws ProtocolError `MR_PROTOCOL_UNSUPPORTED` when the version cannot carry the body (stop-app).
 */
export function encodeRequestFrame<Draft>(
  api: Api<unknown, unknown, Draft, never>,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: Draft,
): Buffer[] {
  const writer = new Writer();
  writer.int32(0);
  writer.int16(api.key);
  writer.int16(version);
  writer.int32(correlationId);
  // The client id keeps its two-byte length in flexible versions too, so that any broker can read it (KIP-511).
  const lengthBytes = clientId === null ? -1 : Buffer.byteLength(clientId);
  writer.int16(lengthBytes);
  if (clientId !== null) writer.text(clientId, lengthBytes);
  if (version >= api.flexibleFrom) writer.uvarint(0);
  api.encodeRequest(writer, version, body);
  return withSize(writer);
}

/**
 * Reads the header of a request.
 *
 * @param frame one frame without its size prefix.
 * @throws ProtocolError `MR_PROTOCOL_CORRUPT` when the header cannot be read (stop-app); the caller closes the connection.
 */
export function decodeRequestFrame(frame: Buffer): RequestFrame {
  const body = new Reader(frame);
  const apiKey = body.int16();
  const apiVersion = body.int16();
  const correlationId = body.int32();
  const at = body.offset;
  const lengthBytes = body.int16();
  if (lengthBytes < -1) throw corrupt(`The length of the client id is ${lengthBytes}`, at);
  const clientId = lengthBytes === -1 ? null : body.text(lengthBytes);
  const api = apiByKey(apiKey);
  if (api !== undefined && apiVersion >= api.flexibleFrom) body.skipTaggedFields();
  return { header: { apiKey, apiVersion, correlationId, clientId }, api, body };
}

/**
 * Encodes a response with its size prefix, as chunks to be written in order. Large record batches are not copied.
 *
 * @throws ProtocolError `MR_PROTOCOL_UNSUPPORTED` when the version cannot carry the body (stop-app).
 */
export function encodeResponseFrame<Draft>(
  api: Api<unknown, unknown, never, Draft>,
  version: number,
  correlationId: number,
  body: Draft,
): Buffer[] {
  const writer = new Writer();
  writer.int32(0);
  writer.int32(correlationId);
  if (hasFlexibleResponseHeader(api, version)) writer.uvarint(0);
  api.encodeResponse(writer, version, body);
  return withSize(writer);
}

/**
 * Decodes a response.
 *
 * @param frame one frame without its size prefix. Byte fields of the result are views on it.
 * @throws ProtocolError `MR_PROTOCOL_CORRUPT` when it is not a response of this API and version (stop-app).
 */
export function decodeResponseFrame<Res>(
  api: Api<unknown, Res, never, never>,
  version: number,
  frame: Buffer,
): ResponseFrame<Res> {
  const reader = new Reader(frame);
  const correlationId = reader.int32();
  if (hasFlexibleResponseHeader(api, version)) reader.skipTaggedFields();
  const body = api.decodeResponse(reader, version);
  if (reader.remaining > 0) throw corrupt(`${reader.remaining} bytes follow the ${api.name} response`, reader.offset);
  return { correlationId, body };
}

/** The correlation id of a response, without decoding it. @throws ProtocolError `MR_PROTOCOL_CORRUPT` below 4 bytes. */
export function peekCorrelationId(frame: Buffer): number {
  return new Reader(frame).int32();
}

/** A client reads the answer to ApiVersions before it knows what the broker speaks, so its header is never flexible. */
function hasFlexibleResponseHeader(api: { key: number; flexibleFrom: number }, version: number): boolean {
  return api.key !== ApiVersions.key && version >= api.flexibleFrom;
}

function withSize(writer: Writer): Buffer[] {
  const frameBytes = writer.sizeInBytes - SIZE_BYTES;
  const chunks = writer.finish();
  (chunks[0] as Buffer).writeInt32BE(frameBytes, 0);
  return chunks;
}
