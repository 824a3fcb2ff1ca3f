import { encodeHeaders, readHeaders, type RecordHeader } from '@millrace/protocol';
import type { RecordContext } from '../processor/record-context.js';

/** What a record in a retry topic says of itself, in headers of these names after `retry.`, all text. */
export interface RetryState {
  /** Wall-clock time from which on it is tried again, in milliseconds since the epoch. */
  readonly notBeforeMs: number;
  /** The stop on its way, from 1: which retry topic, or beyond the last one a further round through it. */
  readonly tier: number;
  /** How many of its further attempts it has used up. */
  readonly rounds: number;
  /** How often it has been processed, tries in place included. */
  readonly attempts: number;
  /** Where it first came from. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

const PREFIX = 'retry.';
const NO_HEADERS = Buffer.from([0]);

/** The record's own headers with those of its next try. `reason` is why it failed, left out where it only waits behind another. */
export function retryHeaders(
  context: RecordContext,
  state: RetryState,
  reason?: { readonly code: string; readonly node: string },
): Buffer {
  const text = (key: string, value: string | number): RecordHeader => ({
    key: PREFIX + key,
    value: Buffer.from(String(value)),
  });
  return encodeHeaders([
    ...readHeaders(context.headers, context.headersStart, context.headersEnd),
    text('not-before', state.notBeforeMs),
    text('tier', state.tier),
    text('rounds', state.rounds),
    text('attempts', state.attempts),
    text('topic', state.topic),
    text('partition', state.partition),
    text('offset', state.offset),
    ...(reason === undefined ? [] : [text('error.code', reason.code), text('node', reason.node)]),
  ]);
}

/** Takes apart what {@link retryHeaders} wrote: the state, and the record's own headers. */
export function readRetryHeaders(
  buffer: Buffer,
  start: number,
  end: number,
): { readonly state: RetryState; readonly own: Buffer } {
  const own: RecordHeader[] = [];
  const texts = new Map<string, string>();
  for (const header of readHeaders(buffer, start, end)) {
    if (header.key.startsWith(PREFIX)) texts.set(header.key.slice(PREFIX.length), header.value?.toString() ?? '');
    else own.push(header);
  }
  const number = (key: string): number => Number(texts.get(key) ?? 0);
  const state = {
    notBeforeMs: number('not-before'),
    tier: number('tier'),
    rounds: number('rounds'),
    attempts: number('attempts'),
    topic: texts.get('topic') ?? '',
    partition: number('partition'),
    offset: number('offset'),
  };
  return { state, own: own.length === 0 ? NO_HEADERS : encodeHeaders(own) };
}
