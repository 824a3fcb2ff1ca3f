import { describe, expect, it } from '@jest/globals';
import { RecordError } from '@millrace/kernel';
import fc from 'fast-check';
import { airportHourKey } from '../totals/airport-hour.js';
import { carrierDayKey } from '../totals/carrier-day.js';
import { textKey } from './text-key.js';

describe('keys', () => {
  it('of airport hours and carrier days read as a|b', () => {
    expect(airportHourKey.serialize({ origin: 'JFK', hour: '2013-01-01T10:00:00Z' }).toString()).toBe(
      'JFK|2013-01-01T10:00:00Z',
    );
    expect(carrierDayKey.serialize({ carrier: 'UA', date: '2013-01-01' }).toString()).toBe('UA|2013-01-01');
  });

  it('come back from their bytes, also out of the middle of a buffer', () => {
    const first = fc.string().filter((text) => !text.includes('|'));
    fc.assert(
      fc.property(first, fc.string({ unit: 'grapheme' }), (origin, hour) => {
        const bytes = airportHourKey.serialize({ origin, hour });
        const around = Buffer.concat([Buffer.from('x|'), bytes, Buffer.from('|y')]);
        expect(airportHourKey.deserialize(around, 2, 2 + bytes.length)).toEqual({ origin, hour });
        expect(textKey.deserialize(around, 2, 2 + bytes.length)).toBe(`${origin}|${hour}`);
      }),
    );
  });

  it('refuse a first part that would be read back as another', () => {
    expect(() => airportHourKey.serialize({ origin: 'J|K', hour: 'x' })).toThrow(RecordError);
    expect(() => airportHourKey.deserialize(Buffer.from('JFK'), 0, 3)).toThrow("a key should be 'origin|hour'");
  });
});
