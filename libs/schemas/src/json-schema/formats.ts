import { utcDateMs, utcTimeMs } from '../time/utc-time.js';

/** A moment: strict `YYYY-MM-DDTHH:MM:SSZ`. The pattern tells other validators what `date-time` alone would not. */
export const UTC_TIME = {
  type: 'string',
  format: 'date-time',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$',
  examples: ['2013-01-01T10:15:00Z'],
} as const;

/** A full hour: strict `YYYY-MM-DDTHH:00:00Z`. */
export const UTC_HOUR = {
  type: 'string',
  format: 'date-time',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:00:00Z$',
  examples: ['2013-01-01T10:00:00Z'],
} as const;

/** A day in UTC: strict `YYYY-MM-DD`. */
export const UTC_DATE = {
  type: 'string',
  format: 'date',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  examples: ['2013-01-01'],
} as const;

/** The checks behind `format`: stricter than RFC 3339 (UTC only, no fractions), and days must be of the calendar. */
export const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': (text) => !Number.isNaN(utcTimeMs(text)),
  date: (text) => !Number.isNaN(utcDateMs(text)),
};

/** What each format expects, for people. */
export const FORMAT_NAMES: Readonly<Record<string, string>> = { 'date-time': 'a time in UTC', date: 'a date' };
