const MS_PER_DAY = 86_400_000;
const CHAR_ZERO = 48;
const CHAR_DASH = 45;
const CHAR_COLON = 58;
const CHAR_T = 84;
const CHAR_Z = 90;

/** Length of `YYYY-MM-DDTHH:MM:SSZ`. */
const UTC_TIME_LENGTH = 20;
/** Length of `YYYY-MM-DD`. */
const DATE_LENGTH = 10;

/** Days of the months of a common year. */
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** The two digits at `at` as a number, NaN when one of them is none. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - CHAR_ZERO;
  const ones = text.charCodeAt(at + 1) - CHAR_ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

function daysOfMonth(year: number, month: number): number {
  const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && isLeapYear ? 29 : (MONTH_DAYS[month - 1] as number);
}

/**
 * Days since 1970-01-01 of a date of the proleptic Gregorian calendar, by counting years from March so that the leap
 * day comes last.
 */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Days since the epoch of the `YYYY-MM-DD` that `text` starts with; NaN when it is not a day of the calendar. */
function leadingDate(text: string): number {
  if (text.charCodeAt(4) !== CHAR_DASH || text.charCodeAt(7) !== CHAR_DASH) return NaN;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return NaN;
  return day <= daysOfMonth(year, month) ? daysSinceEpoch(year, month, day) : NaN;
}

/**
 * Milliseconds since the epoch of a strict `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339 in UTC, without fractions or leap seconds);
 * NaN for any other text. Allocates nothing.
 */
export function utcTimeMs(text: string): number {
  if (
    text.length !== UTC_TIME_LENGTH ||
    text.charCodeAt(10) !== CHAR_T ||
    text.charCodeAt(13) !== CHAR_COLON ||
    text.charCodeAt(16) !== CHAR_COLON ||
    text.charCodeAt(19) !== CHAR_Z
  ) {
    return NaN;
  }
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return NaN;
  return leadingDate(text) * MS_PER_DAY + ((hour * 60 + minute) * 60 + second) * 1_000;
}

/** Milliseconds since the epoch of the first moment of a strict `YYYY-MM-DD` in UTC; NaN for any other text. */
export function utcDateMs(text: string): number {
  return text.length === DATE_LENGTH ? leadingDate(text) * MS_PER_DAY : NaN;
}

/**
 * The `YYYY-MM-DDTHH:MM:SSZ` of a moment, fractions of a second cut off.
 *
 * @param timeMs Milliseconds since the epoch, between the years 0 and 9999.
 */
export function formatUtcTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, UTC_TIME_LENGTH - 1)}Z`;
}
