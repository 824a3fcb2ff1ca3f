import { expect } from '@jest/globals';
import { TopologyBuilder, json, topic, utf8, type Topology } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import type { GivenRecord, TopicPeer } from './topic-peer.js';

export const events = topic('events', utf8, utf8);
export const counts = topic('counts', utf8, json<number>());

/** Counts events per key in a logged store and writes each new count: a doubled or lost event changes every count after it. */
export function counting(onEvent: (value: string) => void | Promise<void> = () => undefined): Topology {
  const t = new TopologyBuilder('counting');
  t.stream('events', events)
    .process('handle', {
      create: () => ({
        process: (record: { key: string; value: string }, context: { forward(key: string, value: string): void }) => {
          const handled = onEvent(record.value);
          if (handled === undefined) return context.forward(record.key, record.value);
          return handled.then(() => context.forward(record.key, record.value));
        },
      }),
    })
    .groupByKey()
    .count('count', { store: 'event-counts' })
    .toStream('counted')
    .to('counts-out', counts);
  return t.build();
}

/** Events with seven keys, numbered from `from`. */
export function numbered(count: number, from = 0): GivenRecord[] {
  return Array.from({ length: count }, (_, nth) => ({
    key: `k${(from + nth) % 7}`,
    value: `v${from + nth}`,
    timestampMs: from + nth,
  }));
}

/** Checks that readers of committed data see each key counted 1, 2, 3 … to the number of its events: none lost, none doubled. */
export async function expectCountedOnce(
  cluster: Pick<TopicPeer, 'read'>,
  given: readonly GivenRecord[],
): Promise<void> {
  // Members may be drained one after the other while a task is on its way between them: what does not come at all is told below.
  const written = await eventually(
    'every record is counted',
    async () => {
      const read = await cluster.read('counts');
      return read.length >= given.length ? read : undefined;
    },
    { timeoutMs: 30_000, intervalMs: 100 },
  ).catch(() => cluster.read('counts'));
  const seen = new Map<string, number[]>();
  for (const { key, value } of written) {
    seen.set(key as string, [...(seen.get(key as string) ?? []), Number(value)]);
  }
  const totals = new Map<string, number>();
  for (const { key } of given) totals.set(key as string, (totals.get(key as string) ?? 0) + 1);
  const expected = [...totals].map(
    ([key, total]) => [key, Array.from({ length: total }, (_, nth) => nth + 1)] as const,
  );
  expect(new Map([...seen].sort())).toEqual(new Map(expected.toSorted()));
}
