import type { Serde } from '../serde/serde.js';
import type { TimestampedValue } from './key-value-store.js';

interface Candidate<K, V> {
  readonly bytes: Buffer;
  readonly entry: [K, TimestampedValue<V>];
}

/**
 * The entries whose key's bytes are in [from, to), in the order of these bytes, sorted no further than they are asked for:
 * the first few of many cost one pass and little more.
 */
export function* inKeyOrder<K, V>(
  entries: Iterable<[K, TimestampedValue<V>]>,
  key: Serde<K>,
  from: Buffer,
  to?: Buffer,
): IterableIterator<[K, TimestampedValue<V>]> {
  const heap: Candidate<K, V>[] = [];
  for (const entry of entries) {
    const bytes = key.serialize(entry[0]);
    if (bytes.compare(from) >= 0 && (to === undefined || bytes.compare(to) < 0)) heap.push({ bytes, entry });
  }
  for (let at = heap.length >> 1; at >= 0; at--) sink(heap, at);
  for (let least = heap[0]; least !== undefined; least = heap[0]) {
    yield least.entry;
    const last = heap.pop() as Candidate<K, V>;
    if (heap.length === 0) return;
    heap[0] = last;
    sink(heap, 0);
  }
}

/** Moves a candidate of a binary heap down until none below it comes before it. */
function sink<K, V>(heap: Candidate<K, V>[], at: number): void {
  const moving = heap[at];
  if (moving === undefined) return;
  for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && isBefore(heap, child + 1, child)) child++;
    const next = heap[child] as Candidate<K, V>;
    if (moving.bytes.compare(next.bytes) <= 0) break;
    heap[at] = next;
    at = child;
  }
  heap[at] = moving;
}

function isBefore<K, V>(heap: readonly Candidate<K, V>[], one: number, other: number): boolean {
  return (heap[one] as Candidate<K, V>).bytes.compare((heap[other] as Candidate<K, V>).bytes) < 0;
}
