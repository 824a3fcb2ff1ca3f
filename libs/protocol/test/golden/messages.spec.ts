import { describe, expect, it } from '@jest/globals';
import {
  apis,
  decodeRequestFrame,
  decodeResponseFrame,
  encodeRequestFrame,
  encodeResponseFrame,
  type AnyApi,
} from '../../src/index.js';
import { golden, inGoldenForm, type GoldenMessage } from './golden-files.js';

const messages = golden('messages.json');

function withoutSize(chunks: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(chunks);
  expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
  return bytes.subarray(4);
}

function checkRequest(api: AnyApi, message: GoldenMessage): void {
  const frame = Buffer.from(message.frame, 'hex');
  const { header, body } = decodeRequestFrame(frame);
  const { apiVersion, clientId, correlationId } = header;
  expect(header).toMatchObject({ apiKey: api.key, apiVersion: message.version });
  const decoded = api.decodeRequest(body, apiVersion);
  expect(body.remaining).toBe(0);
  expect(inGoldenForm(decoded, message.body)).toEqual(message.body);
  const encoded = encodeRequestFrame(api, apiVersion, correlationId, clientId, decoded as never);
  expect(withoutSize(encoded).toString('hex')).toBe(message.frame);
}

function checkResponse(api: AnyApi, message: GoldenMessage): void {
  const { correlationId, body } = decodeResponseFrame(api, message.version, Buffer.from(message.frame, 'hex'));
  expect(inGoldenForm(body, message.body)).toEqual(message.body);
  const encoded = encodeResponseFrame(api, message.version, correlationId, body as never);
  expect(withoutSize(encoded).toString('hex')).toBe(message.frame);
}

describe.each(Object.values(apis).map((api): [string, AnyApi] => [api.name, api]))('%s', (name, api) => {
  const own = messages.filter((message) => message.api === name);

  it('has golden bytes for every version that is declared', () => {
    const versions = [...new Set(own.map(({ version }) => version))];
    const declared = Array.from({ length: api.maxVersion - api.minVersion + 1 }, (_, index) => api.minVersion + index);
    expect(versions).toEqual(declared);
    expect(own).toHaveLength(declared.length * 4);
  });

  it.each(
    own.map((message): [number, string, string, GoldenMessage] => {
      return [message.version, message.kind, message.variant, message];
    }),
  )('version %i: reads and writes a %s (%s) as kafka-clients does', (_version, kind, _variant, message) => {
    if (kind === 'request') checkRequest(api, message);
    else checkResponse(api, message);
  });
});
