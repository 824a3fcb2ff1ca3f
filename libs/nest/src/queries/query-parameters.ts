/** What stands in the address of a query, read and checked. */
import { BadRequestException } from '@nestjs/common';
import type { QueryOptions } from '@millrace/runtime';
import type { StoreQuery, StoreRow, StoreSpec } from '@millrace/streams';

/** The parameters after the question mark: text each, once {@link checkParameters} has seen them. */
export type QueryParameters = Readonly<Record<string, string | undefined>>;

/** The parameters that every route has: how the query may be answered. */
const ANSWERED_BY = ['allowStandby', 'maxLag', 'isolation', 'partition'];

/** A time of ISO 8601 that says where it is: a date (of UTC), or a date and time with its offset. */
const ISO_TIME = /^[+-]?\d{4,6}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

const DEFAULT_LIMIT = 100;

/**
 * Checks that a route knows all parameters that it is given, and is given each once: what was misspelt must not be left out in silence.
 *
 * @throws {BadRequestException} naming the parameter and the remedy; so does everything else here.
 */
export function checkParameters(given: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  const names = [...known, ...ANSWERED_BY];
  for (const [name, value] of Object.entries(given)) {
    if (!names.includes(name)) throw refused(name, `is no parameter of this route: it has ${names.join(', ')}`);
    if (typeof value !== 'string') throw refused(name, 'is given several times: give it once');
  }
}

/** A key as the store's serde writes it: from text where the keys are text, else from JSON or from bytes as base64url. */
export function keyBytes(name: string, text: string, spec: StoreSpec, encoding: string | undefined): Buffer {
  switch (encoding) {
    case undefined:
    case 'utf8':
      if (spec.key.name === 'utf8') return Buffer.from(text, 'utf8');
      throw refused(name, `the keys of this store are ${spec.key.name}: add keyEncoding=base64url or keyEncoding=json`);
    case 'base64url': {
      const bytes = bytesOf(text);
      if (bytes !== undefined) return bytes;
      throw refused(name, 'is not base64url: use letters, digits, - and _ without padding');
    }
    case 'json': {
      const bytes = writtenBy(spec, text);
      if (bytes !== undefined) return bytes;
      throw refused(name, `is no JSON that ${spec.key.name} can write: correct it`);
    }
    default:
      throw refused('keyEncoding', 'must be utf8, base64url or json');
  }
}

/** A time in milliseconds since the epoch, or in UTC as ISO 8601. */
export function timeMs(name: string, text: string | undefined, fallbackMs: number): number {
  if (text === undefined) return fallbackMs;
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  // The plus sign of an offset that nobody has encoded arrives as a space.
  const iso = text.replace(/ (?=\d{2}:\d{2}$)/, '+');
  const ms = ISO_TIME.test(iso) ? Date.parse(iso) : NaN;
  if (Number.isSafeInteger(ms)) return ms;
  throw refused(name, 'must be milliseconds since 1970, or a time with its offset such as 2013-01-01T10:00:00Z');
}

/** How many rows are wanted. */
export function limitOf({ limit }: QueryParameters, maxRows: number): number {
  if (limit === undefined) return Math.min(DEFAULT_LIMIT, maxRows);
  if (/^\d+$/.test(limit) && Number(limit) >= 1 && Number(limit) <= maxRows) return Number(limit);
  throw refused('limit', `must be a whole number from 1 to ${maxRows}`);
}

/** How the query may be answered. */
export function optionsOf({ allowStandby, maxLag, isolation, partition }: QueryParameters): QueryOptions {
  return {
    allowStandby: oneOf('allowStandby', allowStandby, ['false', 'true']) === 'true',
    isolation: oneOf('isolation', isolation, ['read_committed', 'read_uncommitted']),
    ...(maxLag === undefined ? {} : { maxLagRecords: wholeNumber('maxLag', maxLag) }),
    ...(partition === undefined ? {} : { partition: wholeNumber('partition', partition) }),
  };
}

/** Where the next page of a query begins: the last row of this one. */
export function cursorAfter(spec: StoreSpec, { kind }: StoreQuery, row: StoreRow): string {
  const { startMs = 0, endMs = 0 } = row;
  // The key of no bytes too must be a cursor: so the dot before it.
  if (kind === 'windows') return `${startMs}`;
  if (kind === 'sessions') return `${startMs}.${endMs}`;
  return `${kind === 'all-windows' ? startMs : ''}.${spec.key.serialize(row.key).toString('base64url')}`;
}

/** A query from where its last page has ended. */
export function resumed(query: StoreQuery, cursor: string | undefined): StoreQuery {
  if (cursor === undefined) return query;
  const parts = /^(-?\d+)?(?:\.([\w-]*))?$/.exec(cursor);
  if (parts === null) throw noCursor();
  const [, first = '', second = ''] = parts;
  switch (query.kind) {
    case 'windows':
      return { ...query, fromMs: Math.max(query.fromMs, timeOfCursor(first) + 1) };
    case 'sessions':
      return { ...query, afterSession: { startMs: timeOfCursor(first), endMs: timeOfCursor(second) } };
    case 'all-windows':
      return { ...query, after: { startMs: timeOfCursor(first), key: keyOfCursor(cursor) } };
    case 'range':
    case 'prefix':
      if (first !== '') throw noCursor();
      return { ...query, after: keyOfCursor(cursor) };
    case 'key':
    case 'as-of':
      return query;
  }
}

function timeOfCursor(text: string): number {
  const ms = text === '' ? NaN : Number(text);
  if (Number.isSafeInteger(ms)) return ms;
  throw noCursor();
}

function keyOfCursor(cursor: string): Buffer {
  const dot = cursor.indexOf('.');
  const key = dot < 0 ? undefined : bytesOf(cursor.slice(dot + 1));
  if (key === undefined) throw noCursor();
  return key;
}

function noCursor(): BadRequestException {
  return refused('cursor', 'must be `next` of the page before');
}

/** The bytes that base64url stands for; undefined where it is none, or more than its bytes need. */
function bytesOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

/** What the key's serde makes of JSON; undefined where it is no JSON, or none of the serde's. */
function writtenBy(spec: StoreSpec, text: string): Buffer | undefined {
  try {
    const written: unknown = spec.key.serialize(JSON.parse(text));
    return Buffer.isBuffer(written) ? written : undefined;
  } catch {
    // Its message may quote the key.
    return undefined;
  }
}

function oneOf<T extends string>(name: string, text: string | undefined, [first, ...more]: readonly [T, ...T[]]): T {
  const found = text === undefined ? first : [first, ...more].find((each) => each === text);
  if (found !== undefined) return found;
  throw refused(name, `must be ${[first, ...more].join(' or ')}`);
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw refused(name, 'must be a whole number from 0 on');
}

function refused(name: string, what: string): BadRequestException {
  return new BadRequestException(`${name}: ${what}`);
}
