import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatUtcTime, utcDateMs, utcTimeMs } from './utc-time.js';

const FIRST_MS = Date.parse('0000-01-01T00:00:00Z');
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

describe('UTC times', () => {
  it('give the same milliseconds as Date for every second of the calendar', () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST_MS / 1_000, max: LAST_MS / 1_000 }), (second) => {
        const text = formatUtcTime(second * 1_000);
        expect(utcTimeMs(text)).toBe(second * 1_000);
        expect(utcDateMs(text.slice(0, 10))).toBe(Date.parse(text.slice(0, 10)));
      }),
    );
  });

  it.each([
    ['an offset', '2013-01-01T10:15:00+00:00'],
    ['a fraction', '2013-01-01T10:15:00.5Z'],
    ['a small z', '2013-01-01T10:15:00z'],
    ['a blank instead of T', '2013-01-01 10:15:00Z'],
    ['no zone', '2013-01-01T10:15:00'],
    ['no such month', '2013-13-01T10:15:00Z'],
    ['no such day', '2013-02-29T10:15:00Z'],
    ['day zero', '2013-01-00T10:15:00Z'],
    ['hour 24', '2013-01-01T24:00:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['a sign', '2013-01-01T-1:15:00Z'],
    ['an empty text', ''],
  ])('refuse %s', (_what, text) => {
    expect(utcTimeMs(text)).toBeNaN();
  });

  it('know leap days', () => {
    expect(utcDateMs('2012-02-29')).toBe(Date.UTC(2012, 1, 29));
    expect(utcDateMs('2000-02-29')).toBe(Date.UTC(2000, 1, 29));
    expect(utcDateMs('1900-02-29')).toBeNaN();
  });

  it('never accept a text of another length or with another character in it', () => {
    const valid = '2013-01-01T10:15:00Z';
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        const text = valid.slice(0, at) + character + valid.slice(at + 1);
        const accepted = !Number.isNaN(utcTimeMs(text));
        expect(accepted).toBe(
          /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) &&
            !Number.isNaN(Date.parse(text)) &&
            formatUtcTime(Date.parse(text)) === text,
        );
      }),
    );
  });
});
