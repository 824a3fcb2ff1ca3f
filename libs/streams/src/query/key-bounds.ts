import type { PrefixQuery, RangeQuery } from './store-query.js';

const FIRST = Buffer.alloc(0);

/** The keys in [from, to), by their bytes; without `to` up to the last. */
export interface KeyBounds {
  readonly from: Buffer;
  readonly to?: Buffer;
}

/** The keys that a query is about. */
export function keysOf(query: RangeQuery | PrefixQuery): KeyBounds {
  const begin = query.kind === 'prefix' ? query.prefix : (query.from ?? FIRST);
  const resumed = query.after === undefined ? begin : keyAfter(query.after);
  const from = resumed.compare(begin) > 0 ? resumed : begin;
  const to = query.kind === 'prefix' ? endOfPrefix(query.prefix) : query.to && keyAfter(query.to);
  return to === undefined ? { from } : { from, to };
}

/** The least key after another. */
function keyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)]);
}

/** The least key after all that begin with `prefix`; undefined when there can be none. */
function endOfPrefix(prefix: Buffer): Buffer | undefined {
  const kept = prefix.findLastIndex((byte) => byte < 0xff);
  if (kept < 0) return undefined;
  const end = Buffer.from(prefix.subarray(0, kept + 1));
  end[kept] = (end[kept] as number) + 1;
  return end;
}
