import { isMillraceError } from '@millrace/kernel';
import type { RecordHeader } from '@millrace/protocol';
import type { DeliveryScope } from '../consume/partition-worker.js';
import type { ReceivedRecord } from '../record/received-record.js';

/** What a record in a retry topic says of itself, by `retry.*` headers; the words of the retry topics of topologies. */
export type RetryState = NonNullable<ReceivedRecord['retry']>;

const PREFIX = 'retry.';

/** The topic in which records of `topic` wait for their `tier`-th delay, for one group. */
export function retryTopic(groupId: string, topic: string, tier: number): string {
  return `${groupId}-${topic}-retry-${tier}`;
}

/** The topic whose records wait in a retry topic of the group; `undefined` when it is none. `tiers`: how many there are. */
export function sourceOfRetryTopic(groupId: string, topic: string, tiers: number): string | undefined {
  const [, name, tier] = /^(.+)-retry-(\d+)$/.exec(topic) ?? [];
  if (name === undefined || !name.startsWith(`${groupId}-`) || Number(tier) > tiers) return undefined;
  return name.slice(groupId.length + 1);
}

/** Whether `topic` is a retry topic of any group for one of these topics. */
export function isRetryTopicOf(topic: string, topics: readonly string[]): boolean {
  const source = /^(.+)-retry-\d+$/.exec(topic)?.[1];
  return source !== undefined && topics.some((each) => source.endsWith(`-${each}`));
}

/** The record's own headers with those of its next try. */
export function retryHeaders(
  record: ReceivedRecord,
  state: RetryState,
  pattern: string,
  error: unknown,
): RecordHeader[] {
  const fields = {
    'not-before': state.notBeforeMs,
    tier: state.tier,
    rounds: state.tier,
    attempts: state.attempts,
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    'error.code': isMillraceError(error) ? error.code : 'MR_RECORD_REJECTED',
    node: pattern,
  };
  const added = Object.entries(fields).map(([key, value]) => ({
    key: PREFIX + key,
    value: Buffer.from(String(value)),
  }));
  return [...record.headers, ...added];
}

/** Makes of a record of a retry topic what it was at first, with its state beside it. */
export function readRetried(record: ReceivedRecord): ReceivedRecord & { readonly retry: RetryState } {
  const texts = new Map<string, string>();
  const own = record.headers.filter(({ key, value }) => {
    if (key.startsWith(PREFIX)) texts.set(key.slice(PREFIX.length), value?.toString('utf8') ?? '');
    return !key.startsWith(PREFIX);
  });
  const number = (name: string): number => Number(texts.get(name) ?? 0);
  return {
    ...record,
    headers: own,
    topic: texts.get('topic') ?? record.topic,
    partition: number('partition'),
    offset: number('offset'),
    retry: { notBeforeMs: number('not-before'), tier: number('tier'), attempts: number('attempts') },
  };
}

/** Settles the one record of a retry topic for whoever knows only where it came from at first. */
export function scopeOfRetried(scope: DeliveryScope, offset: number): DeliveryScope {
  const { delivery, closing, gone } = scope;
  return { delivery, closing, gone, settle: () => scope.settle(offset), isOpen: () => scope.isOpen(offset) };
}
