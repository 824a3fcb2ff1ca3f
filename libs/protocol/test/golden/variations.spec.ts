import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { apis, decodeRequestFrame, decodeResponseFrame, Reader, Writer, type AnyApi } from '../../src/index.js';
import { golden } from './golden-files.js';

const messages = golden('messages.json').filter(({ variant }) => variant === 'full');

/** Values that every field of their kind can hold. */
const anyNumber = fc.integer({ min: -128, max: 127 });
/** Some messages have ports without a sign. */
const anyPort = fc.nat({ max: 65_535 });
const anyText = fc.string({ unit: 'grapheme', maxLength: 30 });
const anyUuid = fc.stringMatching(/^[0-9a-f]{32}$/);
const anyBytes = fc.uint8Array({ maxLength: 6000 }).map((bytes) => Buffer.from(bytes));

/** Bodies of the same form as a golden one, in the fields that its version has; `like` is the golden JSON. */
function variationsOf(decoded: unknown, like: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(decoded) && Array.isArray(like)) {
    const elements = decoded.map((each, index) => variationsOf(each, like[index]));
    return fc.array(fc.oneof(...elements), { maxLength: 4 });
  }
  if (Buffer.isBuffer(decoded)) return anyBytes;
  if (typeof decoded === 'number') return anyNumber;
  if (typeof decoded === 'boolean') return fc.boolean();
  if (typeof decoded === 'string') return /^[0-9a-f]{32}$/.test(decoded) ? anyUuid : anyText;
  if (typeof decoded !== 'object' || decoded === null || typeof like !== 'object' || like === null) {
    return fc.constant(decoded);
  }
  const golden = like as Record<string, unknown>;
  return fc.record(
    Object.fromEntries(
      Object.entries(decoded).map(([name, value]) => [
        name,
        name in golden ? variationOf(name, value, golden[name]) : fc.constant(value),
      ]),
    ),
  );
}

function variationOf(name: string, decoded: unknown, like: unknown): fc.Arbitrary<unknown> {
  return name === 'port' ? anyPort : variationsOf(decoded, like);
}

describe.each(Object.values(apis).map((api): [string, AnyApi] => [api.name, api]))('%s', (name, api) => {
  it.each(['request', 'response'] as const)('reads any %s that it wrote, in every version', (kind) => {
    const decode = kind === 'request' ? api.decodeRequest : api.decodeResponse;
    const encode = kind === 'request' ? api.encodeRequest : api.encodeResponse;
    for (const message of messages.filter((each) => each.api === name && each.kind === kind)) {
      const frame = Buffer.from(message.frame, 'hex');
      const like =
        kind === 'request'
          ? decode(decodeRequestFrame(frame).body, message.version)
          : decodeResponseFrame(api, message.version, frame).body;
      fc.assert(
        fc.property(variationsOf(like, message.body), (body) => {
          const writer = new Writer();
          encode(writer, message.version, body as never);
          const reader = new Reader(writer.finishContiguous());
          expect(decode(reader, message.version)).toEqual(body);
          expect(reader.remaining).toBe(0);
        }),
        { numRuns: 15 },
      );
    }
  });
});
