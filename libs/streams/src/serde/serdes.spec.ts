import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Serde } from './serde.js';
import { bytes, int64, json, utf8 } from './serdes.js';

/** Reads back what was written, from the middle of a larger buffer as in a batch. */
function roundTrip<T>(serde: Serde<T>, value: T): T {
  const written = serde.serialize(value);
  return serde.deserialize(Buffer.concat([Buffer.from('<'), written, Buffer.from('>')]), 1, 1 + written.length);
}

describe('the built-in serdes', () => {
  it('read back whatever they write', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (value) => expect(roundTrip(utf8, value)).toBe(value)));
    fc.assert(
      fc.property(fc.uint8Array(), (value) => expect(roundTrip(bytes, Buffer.from(value))).toEqual(Buffer.from(value))),
    );
    fc.assert(fc.property(fc.maxSafeInteger(), (value) => expect(roundTrip(int64, value)).toBe(value)));
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const same = JSON.parse(JSON.stringify(value)) as unknown;
        expect(roundTrip(json<unknown>(), value)).toEqual(same);
      }),
    );
  });

  it.each<Serde<unknown>>([utf8, bytes, int64, json<unknown>()] as Serde<unknown>[])(
    'know of bytes as $name only what is so: that they are read, and keys written again as they were',
    (serde) => {
      const given = fc.oneof(
        fc.uint8Array({ maxLength: 12 }),
        fc.json().map((text) => Buffer.from(text)),
      );
      fc.assert(
        fc.property(given, (found) => {
          const buffer = Buffer.from(found);
          if (serde.isReadable?.(buffer, 0, buffer.length) !== true) return;
          const written = serde.serialize(serde.deserialize(buffer, 0, buffer.length));
          if (serde.isCanonical === true) expect(written).toEqual(buffer);
        }),
        { numRuns: 2_000 },
      );
    },
  );

  it('know nothing of bytes that a spread of them reads in a way of its own', () => {
    const picky = { ...utf8, deserialize: (): string => 'anything' };

    expect('isReadable' in picky).toBe(false);
  });

  it("write an int64 as Kafka's LongSerializer does", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const expected = Buffer.alloc(8);
        expected.writeBigInt64BE(BigInt(value));
        expect(int64.serialize(value)).toEqual(expected);
      }),
    );
  });

  it.each([1.5, NaN, 2 ** 53])('refuse %d as an int64', (value) => {
    expect(() => int64.serialize(value)).toThrow(expect.objectContaining({ code: 'MR_RECORD_UNWRITABLE' }));
  });

  it('refuse undefined as JSON: a forgotten return is no deletion', () => {
    expect(() => json<unknown>().serialize(undefined)).toThrow(
      expect.objectContaining({ code: 'MR_RECORD_UNWRITABLE', disposition: 'dead-letter' }),
    );
  });

  it('refuse what is no JSON, without telling what it was', () => {
    const read = (): unknown => json<unknown>().deserialize(Buffer.from('{secret'), 0, 7);
    expect(read).toThrow(expect.objectContaining({ code: 'MR_RECORD_UNREADABLE', disposition: 'dead-letter' }));
    expect(read).not.toThrow(/secret/);
  });
});
