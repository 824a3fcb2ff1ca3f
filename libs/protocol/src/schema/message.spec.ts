import { describe, expect, it } from '@jest/globals';
import { Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import { arrayOf, bytes, int32, listOf, records, string, struct } from './index.js';
import { message } from './message.js';

/** Version 0: plain. Version 1: adds `epoch` and allows a null name. Version 2: flexible, with tagged fields. */
const example = message({
  name: 'Example',
  versions: '0-2',
  flexibleFrom: 2,
  shape: {
    name: string({ nullable: '1+' }),
    epoch: int32({ versions: '1+', default: -1 }),
    hint: int32({ versions: '1+', ignorable: true }),
    items: arrayOf({ id: int32() }),
    leader: struct({ id: int32({ default: -1 }) }, { versions: '2+', tag: 0 }),
    extra: listOf(string(), { versions: '2+', tag: 3 }),
  },
});

function encode(version: number, body: Parameters<typeof example.encode>[2]): Buffer {
  const writer = new Writer();
  example.encode(writer, version, body);
  return writer.finishContiguous();
}

function decode(version: number, hex: string): ReturnType<typeof example.decode> {
  return example.decode(new Reader(Buffer.from(hex, 'hex')), version);
}

describe('a message', () => {
  it('reads fields that the version lacks as their defaults', () => {
    expect(decode(0, '000161 00000001 00000007'.replaceAll(' ', ''))).toEqual({
      name: 'a',
      epoch: -1,
      hint: 0,
      items: [{ id: 7 }],
      leader: { id: -1 },
      extra: [],
    });
  });

  it('writes defaults for fields that were left out', () => {
    expect(encode(1, { name: null, items: [] }).toString('hex')).toBe('ffffffffffff0000000000000000');
  });

  it('refuses a value that the version cannot carry, naming the field', () => {
    expect(() => encode(0, { name: 'a', items: [], epoch: 5 })).toThrow(
      'Example.epoch cannot be expressed in version 0',
    );
    expect(() => encode(0, { name: null, items: [] })).toThrow('Example.name must not be null in version 0');
    expect(() => encode(3, { name: 'a', items: [] })).toThrow('Example has no version 3; use 0-2.');
  });

  it('drops an ignorable value, and accepts a default, that the version cannot carry', () => {
    expect(encode(0, { name: '', items: [], hint: 9, epoch: -1, leader: { id: -1 } }).toString('hex')).toBe(
      '000000000000',
    );
  });

  it('writes tagged fields only when they differ from their defaults', () => {
    expect(
      encode(2, { name: '', items: [], leader: { id: -1 }, extra: [] })
        .subarray(-1)
        .toString('hex'),
    ).toBe('00');
    const full = encode(2, { name: '', items: [], leader: { id: 4 }, extra: ['x'] });
    expect(full.subarray(-14).toString('hex')).toBe('0102000500000004000303020278');
    expect(example.decode(new Reader(full), 2)).toMatchObject({ leader: { id: 4 }, extra: ['x'] });
  });

  it('passes over tags that it does not know', () => {
    const head = '01 ffffffff 00000000 01'.replaceAll(' ', '');
    expect(decode(2, `${head}02 6303aabbcc 0303020278`.replaceAll(' ', ''))).toMatchObject({ extra: ['x'] });
  });

  it('refuses a tagged field whose length is wrong', () => {
    const head = '01ffffffff0000000001';
    expect(() => decode(2, `${head}010304020278ff`)).toThrow('Example.extra is shorter than its length says');
    expect(() => decode(2, `${head}01030202`)).toThrow('bytes are needed');
    expect(() => decode(2, `${head}0103020278ff`)).toThrow('bytes are needed');
  });

  it('refuses an array that claims more elements than its bytes can hold, before reading any', () => {
    expect(() => decode(0, '0000 7fffffff 00000001'.replaceAll(' ', ''))).toThrow(
      'Example.items claims 2147483647 elements, more than its bytes can hold',
    );
  });

  it('refuses null and negative lengths where the version has none', () => {
    expect(() => decode(0, 'ffff00000000')).toThrow('Example.name is null');
    expect(() => decode(1, 'fffe')).toThrow('The length of Example.name is -2');
    expect(() => decode(0, '0000ffffffff')).toThrow('Example.items is null');
  });

  it('refuses strings that a length of 16 bits cannot express', () => {
    expect(() => encode(1, { name: 'x'.repeat(32768), items: [] })).toThrow('Example.name is longer than 32767 bytes');
    expect(encode(2, { name: 'x'.repeat(32768), items: [] })).toHaveLength(32768 + 3 + 8 + 2);
  });
});

describe('records', () => {
  const data = message({ name: 'Data', versions: '0+', flexibleFrom: 1, shape: { key: bytes(), records: records() } });

  it('may be written as several buffers that are read as one', () => {
    const parts = [Buffer.alloc(5000, 1), Buffer.from('tail')];
    const writer = new Writer();
    data.encode(writer, 1, { key: Buffer.alloc(0), records: parts });
    const chunks = writer.finish();
    expect(chunks).toContain(parts[0]);
    const decoded = data.decode(new Reader(Buffer.concat(chunks)), 1);
    expect(decoded.records?.equals(Buffer.concat(parts))).toBe(true);
  });
});
