import { describe, expect, it } from '@jest/globals';
import { encodeHeaders, readHeaders } from './record-headers.js';

describe('record headers', () => {
  it('keep order, repeated keys, empty and null values', () => {
    const headers = [
      { key: 'trace', value: Buffer.from('1') },
      { key: 'trace', value: null },
      { key: '', value: Buffer.alloc(0) },
      { key: 'clé', value: Buffer.alloc(300, 7) },
    ];
    const encoded = encodeHeaders(headers);
    expect(readHeaders(encoded, 0, encoded.length)).toEqual(headers);
  });

  it.each([
    ['a count without headers', '02'],
    ['a negative count', '01'],
    ['a null key', '020100'],
    ['a key that is too long', '020861'],
    ['a value that is too long', '02026108'],
    ['a varint that never ends', 'ffffffffffffff'],
    ['bytes at the end', '000000'],
    ['nothing', ''],
  ])('are refused with %s', (_what, hex) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(() => readHeaders(bytes, 0, bytes.length, 12)).toThrow(
      expect.objectContaining({ code: 'MR_PROTOCOL_CORRUPT', place: { offset: 12 } }),
    );
  });
});
