import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProtocolError } from '../errors/protocol-error.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

type NumberType = 'int8' | 'int16' | 'uint16' | 'int32' | 'int64' | 'uvarint';

const ranges: [NumberType, number, number][] = [
  ['int8', -128, 127],
  ['int16', -32768, 32767],
  ['uint16', 0, 65535],
  ['int32', -2147483648, 2147483647],
  ['int64', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ['uvarint', 0, 4294967295],
];

function written(write: (writer: Writer) => void): Buffer {
  const writer = new Writer(4);
  write(writer);
  const size = writer.sizeInBytes;
  const bytes = writer.finishContiguous();
  expect(bytes).toHaveLength(size);
  return bytes;
}

describe.each(ranges)('%s', (type, least, greatest) => {
  it('reads what was written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(least, greatest, 0), fc.maxSafeInteger()), (any) => {
        const value = Math.min(Math.max(any, least), greatest);
        const reader = new Reader(written((writer) => writer[type](value)));
        expect(reader[type]()).toBe(value);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it.each([least - 1, greatest + 1, 0.5, Number.NaN])('refuses to write %d', (value) => {
    const writer = new Writer();
    expect(() => writer[type](value)).toThrow(expect.objectContaining({ code: 'MR_PROTOCOL_UNSUPPORTED' }));
  });
});

describe('Reader', () => {
  it('throws a ProtocolError at the end of its range, wherever that is', () => {
    const reader = new Reader(Buffer.alloc(16), 4, 7);
    expect(reader.remaining).toBe(3);
    expect(() => reader.int32()).toThrow(ProtocolError);
    expect(() => reader.raw(4)).toThrow('4 bytes are needed but 3 are left at byte 4');
    expect(() => reader.raw(-1)).toThrow(expect.objectContaining({ code: 'MR_PROTOCOL_CORRUPT' }));
    expect(reader.int16()).toBe(0);
  });

  it('reads the same int64 values as BigInt does, and refuses those beyond 2^53', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.nat(60), (big, shift) => {
        const bytes = Buffer.alloc(8);
        const value = big >> BigInt(shift);
        bytes.writeBigInt64BE(value);
        if (Number.isSafeInteger(Number(value))) expect(new Reader(bytes).int64()).toBe(Number(value));
        else expect(() => new Reader(bytes).int64()).toThrow('An int64 is beyond 2^53 at byte 0');
      }),
    );
  });

  it.each(['ffffffffff', 'ffffffff10', '8080808080', 'ffff'])('refuses the varint %s', (hex) => {
    expect(() => new Reader(Buffer.from(hex, 'hex')).uvarint()).toThrow(ProtocolError);
  });

  it('gives raw bytes as a view on the same memory', () => {
    const bytes = Buffer.from('abcdef');
    const view = new Reader(bytes, 2).raw(2);
    expect(view.toString()).toBe('cd');
    expect(view.buffer).toBe(bytes.buffer);
  });
});

describe('Writer', () => {
  it('takes over large byte fields without copying them', () => {
    const large = Buffer.alloc(5000, 1);
    const writer = new Writer();
    writer.int8(1);
    writer.raw(large);
    writer.int8(2);
    const chunks = writer.finish();
    expect(chunks.map((chunk) => chunk.length)).toEqual([1, 5000, 1]);
    expect(chunks[1]).toBe(large);
  });

  it('keeps the order of everything written, whatever its size', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(20), fc.nat(9000)), { maxLength: 12 }), (sizes) => {
        const parts = sizes.map((size, index) => Buffer.alloc(size, index));
        const bytes = written((writer) => {
          for (const part of parts) writer.raw(part);
          writer.uvarint(1);
        });
        expect(bytes.equals(Buffer.concat([...parts, Buffer.of(1)]))).toBe(true);
      }),
    );
  });

  it('writes a UUID only from 32 hexadecimal digits', () => {
    const id = '0123456789abcdeffedcba9876543210';
    expect(new Reader(written((writer) => writer.uuid(id))).uuid()).toBe(id);
    for (const wrong of ['', id.slice(1), `${id}0`, `${id.slice(1)}x`]) {
      expect(() => new Writer().uuid(wrong)).toThrow('A UUID is 32 hexadecimal digits without dashes.');
    }
  });
});
