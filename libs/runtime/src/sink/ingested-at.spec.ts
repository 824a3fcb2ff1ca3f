import { describe, expect, it } from '@jest/globals';
import { encodeHeaders, type RecordHeader } from '@millrace/protocol';
import fc from 'fast-check';
import { readIngestedAtMs } from './ingested-at.js';

function read(headers: readonly RecordHeader[]): number {
  const bytes = Buffer.concat([Buffer.from('before'), encodeHeaders(headers), Buffer.from('after')]);
  return readIngestedAtMs(bytes, 6, bytes.length - 5);
}

const header = (key: string, value: string | null): RecordHeader => ({
  key,
  value: value === null ? null : Buffer.from(value),
});

describe('readIngestedAtMs', () => {
  it('finds the header among others', () => {
    const headers = [
      header('trace', 'abc'),
      header('empty', null),
      header('ingested-at', '1700000000123'),
      header('x', 'y'),
    ];

    expect(read(headers)).toBe(1_700_000_000_123);
  });

  it('answers -1 where there is none, or none that is a decimal number', () => {
    expect(read([])).toBe(-1);
    expect(read([header('trace', 'abc')])).toBe(-1);
    expect(read([header('ingested-at', '12.5')])).toBe(-1);
    expect(read([header('ingested-at', '')])).toBe(-1);
    expect(read([header('ingested-at', null)])).toBe(-1);
  });

  it('never reads past the end or hangs, whatever the bytes are', () => {
    fc.assert(
      // Many a byte that is the length of the name, since that is what makes it look further.
      fc.property(fc.array(fc.oneof(fc.constant(22), fc.nat(255)), { maxLength: 64 }), (bytes) => {
        expect(readIngestedAtMs(Buffer.from(bytes), 0, bytes.length)).toBeGreaterThanOrEqual(-1);
      }),
      { numRuns: 1_000 },
    );
  });
});
