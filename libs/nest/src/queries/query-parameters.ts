/** What stands in the address of a query, read and checked. */
import { BadRequestException } from '@nestjs/common';
import type { QueryOptions } from '@millrace/runtime';
import type { StoreQuery, StoreRow, StoreSpec } from '@millrace/streams';

/** The parameters after the question mark. */
export type QueryParameters = Readonly<Record<string, string | undefined>>;

const DEFAULT_LIMIT = 100;

/**
 * A key as the store's serde writes it: from text where the keys are text, else from JSON or from bytes as base64url.
 *
 * @throws {BadRequestException} naming the parameter and the remedy; so does everything else here.
 */
export function keyBytes(name: string, text: string, spec: StoreSpec, encoding: string | undefined): Buffer {
  switch (encoding) {
    case undefined:
    case 'utf8':
      if (spec.key.name === 'utf8') return Buffer.from(text, 'utf8');
      throw refused(name, `the keys of this store are ${spec.key.name}: add keyEncoding=base64url or keyEncoding=json`);
    case 'base64url':
      if (/^[\w-]*$/.test(text)) return Buffer.from(text, 'base64url');
      throw refused(name, 'is not base64url: use letters, digits, - and _ without padding');
    case 'json':
      try {
        return spec.key.serialize(JSON.parse(text));
      } catch {
        throw refused(name, `is no JSON that ${spec.key.name} can write: correct it`);
      }
    default:
      throw refused('keyEncoding', 'must be utf8, base64url or json');
  }
}

/** A time in milliseconds since the epoch, or in UTC as ISO 8601. */
export function timeMs(name: string, text: string | undefined, fallbackMs: number): number {
  if (text === undefined) return fallbackMs;
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isSafeInteger(ms)) return ms;
  throw refused(name, 'must be milliseconds since 1970, or a time such as 2013-01-01T10:00:00Z');
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

/** Where the next page begins: the last row of this one. */
export function cursorAfter(spec: StoreSpec, row: StoreRow): string {
  const key = spec.key.serialize(row.key).toString('base64url');
  return row.startMs === undefined ? key : `${row.startMs}.${key}`;
}

/** The rest of a query of many rows. */
export function pageAfter(cursor: string | undefined): Buffer | undefined {
  if (cursor === undefined) return undefined;
  if (/^[\w-]+$/.test(cursor)) return Buffer.from(cursor, 'base64url');
  throw refused('cursor', 'must be `next` of the page before');
}

/** The same of windows. */
export function windowAfter(cursor: string | undefined): Extract<StoreQuery, { kind: 'all-windows' }>['after'] {
  if (cursor === undefined) return undefined;
  const [, startMs, key] = /^(\d+)\.([\w-]*)$/.exec(cursor) ?? [];
  if (startMs === undefined || key === undefined) throw refused('cursor', 'must be `next` of the page before');
  return { startMs: Number(startMs), key: Buffer.from(key, 'base64url') };
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
