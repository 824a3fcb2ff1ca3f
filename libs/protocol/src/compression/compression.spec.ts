import { describe, expect, it } from '@jest/globals';
import { types } from 'node:util';
import fc from 'fast-check';
import { compressSync } from 'snappy';
import { golden } from '../../test/golden/golden-files.js';
import { COMPRESSIONS, compress, decompress } from './compression.js';

const LIMIT_BYTES = 1 << 20;

/** Bytes that compress to some degree, from nothing to several blocks of every codec. */
const anyBytes = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(400))
  .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => Buffer.from(bytes))));

describe.each(COMPRESSIONS)('%s', (compression) => {
  it('gives back what was compressed, within a limit that it just fits', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const decompressed = decompress(compression, compress(compression, bytes), Math.max(bytes.length, 1));
        expect(decompressed.equals(bytes)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('throws or gives bytes within the limit when its input is damaged', () => {
    const good = compress(compression, Buffer.from('some words, some words, some words again. '.repeat(50)));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        fc.nat(good.length),
        (changes, cut) => {
          const damaged = Buffer.from(good);
          for (const [at, byte] of changes) damaged[at] = byte;
          const input = cut % 3 === 0 ? damaged.subarray(0, cut) : damaged;
          let decompressedBytes = 0;
          try {
            decompressedBytes = decompress(compression, input, LIMIT_BYTES).length;
          } catch (error) {
            expect(types.isNativeError(error)).toBe(true);
          }
          expect(decompressedBytes).toBeLessThanOrEqual(LIMIT_BYTES);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe.each(COMPRESSIONS.filter((each) => each !== 'none'))('%s', (compression) => {
  it('refuses input that decompresses to one byte more than the limit', () => {
    const bytes = Buffer.from('the same words again and again. '.repeat(10_000));
    const compressed = compress(compression, bytes);
    expect(decompress(compression, compressed, bytes.length).equals(bytes)).toBe(true);
    expect(() => decompress(compression, compressed, bytes.length - 1)).toThrow();
  });
});

describe('lz4', () => {
  const text = Buffer.from('linked blocks repeat what came before; '.repeat(4000));

  it.each(golden('lz4-frames.json'))('reads $name', ({ base64 }) => {
    const frame = Buffer.from(base64, 'base64');
    expect(decompress('lz4', frame, text.length).equals(text)).toBe(true);
    expect(() => decompress('lz4', frame, text.length - 1)).toThrow(`more than ${text.length - 1} bytes`);
  });

  it.each([
    ['no frame', '00000000000000000000000000'],
    ['an unknown version', '04224d18a0408200000000'],
    ['a dictionary', '04224d1861408200000000'],
    ['a literal that is longer than its block', '04224d186040820200000050ff00000000'],
    ['a match before the beginning', '04224d186040820500000010610200' + '0000000000'],
    ['a block that ends with a match', '04224d186040820400000010610100' + '00000000'],
    ['a block that is longer than the frame', '04224d18604082ffffff0000'],
    ['no end mark', '04224d1860408205000080ff00000000'],
  ])('refuses %s', (_what, hex) => {
    expect(() => decompress('lz4', Buffer.from(hex, 'hex'), LIMIT_BYTES)).toThrow();
  });
});

describe('snappy', () => {
  it('reads raw blocks, as librdkafka writes them', () => {
    const text = Buffer.from('raw blocks '.repeat(9000));
    expect(decompress('snappy', compressSync(text), text.length).equals(text)).toBe(true);
  });

  it("reads several streams of xerial's framing one after the other", () => {
    const streams = ['first', 'second'].map((text) => compress('snappy', Buffer.from(text)));
    expect(decompress('snappy', Buffer.concat(streams), LIMIT_BYTES).toString()).toBe('firstsecond');
  });

  it.each([
    ['a raw block that claims 4 GiB', 'ffffffff0f00'],
    ['a raw block that claims more than it can hold', '808040ff'],
    ['a framed block that claims 4 GiB', '82534e41505059000000000100000001' + '00000006' + 'ffffffff0f00'],
    ['a framed block that is longer than the input', '82534e41505059000000000100000001' + '7fffffff'],
    ['a framed block of negative length', '82534e41505059000000000100000001' + 'ffffffff'],
    ['a length that never ends', 'ffffffffffff'],
    ['nothing', ''],
  ])('refuses %s', (_what, hex) => {
    expect(() => decompress('snappy', Buffer.from(hex, 'hex'), LIMIT_BYTES)).toThrow();
  });
});
