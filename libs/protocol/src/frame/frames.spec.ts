import { describe, expect, it } from '@jest/globals';
import { apis } from '../messages/apis.js';
import {
  decodeRequestFrame,
  decodeResponseFrame,
  encodeRequestFrame,
  encodeResponseFrame,
  peekCorrelationId,
} from './frames.js';

function frameOf(chunks: Buffer[]): Buffer {
  return Buffer.concat(chunks).subarray(4);
}

describe('request frames', () => {
  it('carry header and body', () => {
    const chunks = encodeRequestFrame(apis.Heartbeat, 4, 99, 'me', { groupId: 'g', generationId: 3, memberId: 'm' });
    const { header, api, body } = decodeRequestFrame(frameOf(chunks));
    expect(header).toEqual({ apiKey: 12, apiVersion: 4, correlationId: 99, clientId: 'me' });
    expect(api).toBe(apis.Heartbeat);
    expect(apis.Heartbeat.decodeRequest(body, 4)).toEqual({
      groupId: 'g',
      generationId: 3,
      memberId: 'm',
      groupInstanceId: null,
    });
  });

  it('leave record batches where they are', () => {
    const records = Buffer.alloc(10_000);
    const chunks = encodeRequestFrame(apis.Produce, 12, 1, null, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
    });
    expect(chunks).toContain(records);
    expect(chunks[0]?.readInt32BE(0)).toBe(Buffer.concat(chunks).length - 4);
  });

  it('have a readable header for an unknown API or an unknown version of a known one', () => {
    const unknownApi = decodeRequestFrame(Buffer.from('03e7000000000005ffff', 'hex'));
    expect(unknownApi).toMatchObject({ header: { apiKey: 999, correlationId: 5, clientId: null }, api: undefined });
    const newVersion = decodeRequestFrame(Buffer.from('001200630000000500016100', 'hex'));
    expect(newVersion).toMatchObject({ header: { apiVersion: 99, clientId: 'a' }, api: { name: 'ApiVersions' } });
    expect(() => apis.ApiVersions.decodeRequest(newVersion.body, 99)).toThrow(
      expect.objectContaining({ code: 'MR_PROTOCOL_UNSUPPORTED' }),
    );
  });

  it.each(['', '0012', '00120000000000', '001200000000000500', '0012000000000005fffe'])(
    'refuse the header %p',
    (hex) => {
      expect(() => decodeRequestFrame(Buffer.from(hex, 'hex'))).toThrow(
        expect.objectContaining({ code: 'MR_PROTOCOL_CORRUPT' }),
      );
    },
  );
});

describe('response frames', () => {
  it('carry the correlation id, which can be read without the body', () => {
    const frame = frameOf(encodeResponseFrame(apis.Heartbeat, 4, 77, { errorCode: 27 }));
    expect(peekCorrelationId(frame)).toBe(77);
    expect(decodeResponseFrame(apis.Heartbeat, 4, frame)).toEqual({
      correlationId: 77,
      body: { throttleTimeMs: 0, errorCode: 27 },
    });
  });

  it('never have a flexible header for ApiVersions, so that any client can read it (KIP-511)', () => {
    const flexible = frameOf(encodeResponseFrame(apis.Heartbeat, 4, 1, { errorCode: 0 }));
    expect(flexible.toString('hex')).toBe('00000001' + '00' + '00000000' + '0000' + '00');
    const exception = frameOf(encodeResponseFrame(apis.ApiVersions, 3, 1, { errorCode: 0, apiKeys: [] }));
    expect(exception.toString('hex')).toBe('00000001' + '0000' + '01' + '00000000' + '00');
  });

  it('refuse bytes after the body', () => {
    const frame = frameOf(encodeResponseFrame(apis.Heartbeat, 0, 1, { errorCode: 0 }));
    expect(() => decodeResponseFrame(apis.Heartbeat, 0, Buffer.concat([frame, Buffer.of(1)]))).toThrow(
      '1 bytes follow the Heartbeat response at byte 6',
    );
  });
});
