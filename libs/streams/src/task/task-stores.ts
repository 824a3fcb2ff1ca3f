import { FatalError } from '@millrace/kernel';
import { HeapSubscriptionStore } from '../join/foreign-key/heap-subscription-store.js';
import { OrderedSubscriptionStore } from '../join/foreign-key/ordered-subscription-store.js';
import { HeapJoinStore } from '../store/heap-join-store.js';
import { HeapKeyValueStore } from '../store/key-value-store.js';
import { HeapSessionStore } from '../store/heap-session-store.js';
import { HeapSuppressBuffer } from '../store/heap-suppress-buffer.js';
import { HeapTimeBuffer } from '../store/heap-time-buffer.js';
import { HeapUnmatchedStore } from '../store/heap-unmatched-store.js';
import { HeapVersionedStore } from '../store/heap-versioned-store.js';
import { HeapWindowStore } from '../store/heap-window-store.js';
import type { PendingRows } from '../store/engine/pending-rows.js';
import { OrderedJoinStore } from '../store/ordered/ordered-join-store.js';
import { OrderedKeyValueStore } from '../store/ordered/ordered-key-value-store.js';
import { OrderedSessionStore } from '../store/ordered/ordered-session-store.js';
import { OrderedVersionedStore } from '../store/ordered/ordered-versioned-store.js';
import { OrderedWindowStore } from '../store/ordered/ordered-window-store.js';
import type { Serde } from '../serde/serde.js';
import type { ChangelogWriter, CustomStoreEnvironment, StateStore } from '../store/state-store.js';
import { hasChangelog, type StoreSpec } from '../topology/specs.js';
import type { RecordCollector } from './record-collector.js';
import { sendValue } from './send-value.js';

/** Where a task's stores write their changes. */
export interface StoreEnvironment {
  readonly changelog: string;
  readonly partition: number;
  /** Asked for each write: the task that has the store may change. */
  readonly collector: () => RecordCollector;
  readonly recordTimeMs: () => number;
}

/**
 * Makes a store of a task. A table that is read from a topic writes no changelog: the topic is one.
 *
 * @param rows where its rows are kept, for a kind that can be kept outside the heap; in the heap without.
 */
export function makeStore(spec: StoreSpec, environment: StoreEnvironment, rows?: PendingRows): StateStore {
  const changelog = hasChangelog(spec) ? writerTo(environment) : undefined;
  switch (spec.kind) {
    case 'key-value':
      return rows === undefined
        ? new HeapKeyValueStore(spec.name, spec, environment.recordTimeMs, changelog, spec.sourceTopic !== undefined)
        : new OrderedKeyValueStore(spec.name, spec, rows, environment.recordTimeMs, changelog);
    case 'versioned':
      return rows === undefined
        ? new HeapVersionedStore(spec.name, spec, spec.retentionMs, changelog)
        : new OrderedVersionedStore(spec.name, spec, spec.retentionMs, rows, changelog);
    case 'session':
      return rows === undefined
        ? new HeapSessionStore(spec.name, spec, spec.retentionMs, changelog)
        : new OrderedSessionStore(spec.name, spec, spec.retentionMs, rows, changelog);
    case 'suppress-buffer':
      return new HeapSuppressBuffer(spec.name, spec, changelog);
    case 'time-buffer':
      return new HeapTimeBuffer(spec.name, spec, changelog);
    case 'custom':
      return customStoreOf(spec, { changelog, recordTimeMs: environment.recordTimeMs });
    case 'subscriptions':
      return rows === undefined
        ? new HeapSubscriptionStore(spec.name, changelog)
        : new OrderedSubscriptionStore(spec.name, rows, changelog);
    case 'window':
      return rows === undefined
        ? new HeapWindowStore(spec.name, spec, spec, changelog)
        : new OrderedWindowStore(spec.name, spec, spec, rows, changelog);
    case 'join-window':
      return rows === undefined
        ? new HeapJoinStore(spec.name, spec, spec.retentionMs, changelog)
        : new OrderedJoinStore(spec.name, spec, spec.retentionMs, rows, changelog);
    case 'join-unmatched':
      return new HeapUnmatchedStore(spec.name, spec, changelog);
  }
}

function customStoreOf({ name, create }: StoreSpec, environment: CustomStoreEnvironment): StateStore {
  if (create !== undefined) return create(environment);
  throw new FatalError('MR_TOPOLOGY_INVALID', `the store '${name}' is of a kind of its own: say how it is made`);
}

function writerTo({ changelog, partition, collector }: StoreEnvironment): ChangelogWriter {
  return {
    append: (key, value, timestampMs) => {
      const valueEnd = value === null ? -1 : value.length;
      const valueStart = value === null ? -1 : 0;
      collector().send(changelog, partition, timestampMs, key, 0, key.length, value, valueStart, valueEnd, null, 0, 0);
    },
    write: (keyBytes, keyEnd, serde, value, timestampMs) => {
      if (value === null) {
        collector().send(changelog, partition, timestampMs, keyBytes, 0, keyEnd, null, -1, -1, null, 0, 0);
        return;
      }
      const any = serde as Serde<unknown>;
      sendValue(collector(), changelog, partition, timestampMs, keyBytes, 0, keyEnd, any, value, null, 0, 0);
    },
  };
}
