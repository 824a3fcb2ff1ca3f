import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  apis,
  consumerProtocol,
  decodeRequestFrame,
  decodeResponseFrame,
  encodeResponseFrame,
  FrameDecoder,
  peekCorrelationId,
  ProtocolError,
  type AnyApi,
} from '../../src/index.js';
import { golden, type GoldenMessage } from '../golden/golden-files.js';
import { damaged } from './damage.js';

const messages = golden('messages.json');

/** How many damaged copies are made of each golden message. */
const COPIES = 25;

/** Runs work that may throw a `ProtocolError`, but nothing else. */
function mayBeRefused(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    expect(['MR_PROTOCOL_CORRUPT', 'MR_PROTOCOL_UNSUPPORTED']).toContain(error.code);
  }
}

function decodeRequest(frame: Buffer): void {
  const { api, body, header } = decodeRequestFrame(frame);
  api?.decodeRequest(body, header.apiVersion);
}

describe('hostile bytes', () => {
  const byApi = Object.values(apis).map((api): [string, AnyApi, GoldenMessage[]] => {
    return [api.name, api, messages.filter((message) => message.api === api.name)];
  });

  it.each(byApi)('in place of %s messages are refused with a ProtocolError, or read', (_name, api, own) => {
    for (const message of own) {
      const frame = Buffer.from(message.frame, 'hex');
      fc.assert(
        fc.property(damaged(frame), (bytes) => {
          mayBeRefused(() =>
            message.kind === 'request' ? decodeRequest(bytes) : decodeResponseFrame(api, message.version, bytes),
          );
        }),
        { numRuns: COPIES },
      );
    }
  });

  it('of any kind are refused with a ProtocolError, or read', () => {
    const anyApi = fc.constantFrom<AnyApi>(...Object.values(apis));
    fc.assert(
      fc.property(anyApi, fc.nat(20), fc.uint8Array({ maxLength: 200 }), (api, version, random) => {
        const bytes = Buffer.from(random);
        mayBeRefused(() => decodeRequest(bytes));
        mayBeRefused(() => decodeResponseFrame(api, version, bytes));
        mayBeRefused(() => peekCorrelationId(bytes));
        mayBeRefused(() => consumerProtocol.decodeSubscription(bytes));
        mayBeRefused(() => consumerProtocol.decodeAssignment(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('in a stream never make the frame decoder hold more than it was given', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 });
    fc.assert(
      fc.property(chunks, (random) => {
        const decoder = new FrameDecoder();
        mayBeRefused(() => {
          let pushed = 0;
          for (const chunk of random) {
            decoder.push(Buffer.from(chunk));
            pushed += chunk.length;
            for (let frame = decoder.next(); frame !== null; frame = decoder.next()) pushed -= 4 + frame.length;
            expect(decoder.bufferedBytes).toBe(pushed);
          }
        });
      }),
    );
  });

  it('that claim the most elements in each array cost no more than their own size', () => {
    const frame = Buffer.concat(encodeResponseFrame(apis.Fetch, 4, 1, { responses: [] })).subarray(4);
    for (const claim of [0x7fffffff, 1_000_000, frame.length]) {
      frame.writeInt32BE(claim, frame.length - 4);
      expect(() => decodeResponseFrame(apis.Fetch, 4, frame)).toThrow('more than its bytes can hold');
    }
  });
});
