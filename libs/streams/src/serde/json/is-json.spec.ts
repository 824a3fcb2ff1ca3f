import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isJson } from './is-json.js';

function isParsed(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/** Looks at bytes that stand among others, which must not count. */
function found(bytes: Buffer): boolean {
  return isJson(Buffer.concat([Buffer.from('1"{'), bytes, Buffer.from('"}1')]), 3, 3 + bytes.length);
}

const fragment = fc.constantFrom(
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '/', 'u', '00e4', 'n', '0', '1', '-', '.', 'e', 'E', '+', ' ', '\t'],
  ...[
    'true',
    'false',
    'null',
    'nul',
    'a',
    '"a"',
    '"a":',
    '\u0001',
    'ä',
    '"\\u00fc"',
    '12.5e-3',
    '{}',
    '[]',
    '"\\"',
    '\n',
  ],
);

describe('isJson', () => {
  it('is what JSON.parse reads, of any text', () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 8 }), (parts) => {
        const bytes = Buffer.from(parts.join(''));
        expect(found(bytes)).toBe(isParsed(bytes));
      }),
      { numRuns: 5_000 },
    );
  });

  it('is what JSON.parse reads, of JSON of which a byte is another', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.nat(), fc.nat(255), (text, place, byte) => {
        const bytes = Buffer.from(text);
        expect(found(bytes)).toBe(true);
        bytes[place % bytes.length] = byte;
        expect(found(bytes)).toBe(isParsed(bytes));
      }),
      { numRuns: 3_000 },
    );
  });

  it('leaves to the parser what is nested deeply, and takes no stack for it', () => {
    const nested = (depth: number): Buffer => Buffer.from('['.repeat(depth) + ']'.repeat(depth));

    expect(found(nested(32))).toBe(true);
    expect(found(nested(33))).toBe(false);
    expect(found(nested(1_000_000))).toBe(false);
  });
});
