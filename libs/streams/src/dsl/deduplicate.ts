import type { Duration } from '@millrace/kernel';
import { DeduplicateNode } from '../processor/deduplicate-node.js';
import type { Serde } from '../serde/serde.js';
import { json } from '../serde/serdes.js';
import { optionMs } from '../topology/option-durations.js';
import type { KStream } from './k-stream.js';
import { storeSpec } from './store-options.js';

/** What makes two records the same, and for how long. */
export interface DeduplicateOptions<K, V, I> {
  /** The id of a record, such as an event's number; null where it has none and is the same as no other. */
  readonly by: (value: V, key: K) => I | null;
  /** How the id is written to the changelog. */
  readonly id: Serde<I>;
  /** Records of one id whose times are less than this apart are the same. Above 0. */
  readonly within: Duration;
  /** Permanent name of the store; its changelog is `<applicationId>-<store>-changelog`. */
  readonly store: string;
  /** What keeps it; see `StoreOptions.engine`. */
  readonly engine?: string;
  /** Whether it has a changelog; see `StoreOptions.logging`. */
  readonly logging?: boolean;
}

/**
 * Adds a deduplication. Records of one id must have one key, or they may be in different partitions. Runs under exactly-once only: an
 * application that is to run it at least once is refused at boot.
 */
export function addDeduplication<K, V, I>(
  name: string,
  stream: KStream<K, V>,
  { by, id, within, store, engine, logging = true }: DeduplicateOptions<K, V, I>,
): KStream<K, V> {
  const partitioned = stream.partitioned();
  const withinMs = optionMs(`within of '${name}'`, within, stream.graph.problems);
  if (withinMs <= 0) stream.graph.problems.push(`'${name}' finds nothing the same within no time: give it above 0`);
  const spec = storeSpec({
    name: store,
    kind: 'window',
    key: id,
    value: json<boolean>(),
    windowSizeMs: withinMs,
    retentionMs: 2 * withinMs,
    isFetchedByKey: true,
    engine,
    isLogged: logging,
  });
  const deduplication = { store, by: by as (value: unknown, key: unknown) => unknown, withinMs };
  const node = stream.graph.add({
    name,
    kind: 'processor',
    parents: [partitioned.node],
    stores: [spec],
    globalTables: [],
    detail: `within ${withinMs} ms`,
    needsExactlyOnce: true,
    create: (environment) => new DeduplicateNode(name, deduplication, environment),
  });
  return partitioned.derived(node, partitioned.serdes.value);
}
