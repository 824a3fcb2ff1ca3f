import { SubscriptionStore } from '../join/foreign-key/subscription-store.js';
import { HeapJoinStore } from '../store/heap-join-store.js';
import { HeapKeyValueStore } from '../store/key-value-store.js';
import { HeapSessionStore } from '../store/heap-session-store.js';
import { HeapSuppressBuffer } from '../store/heap-suppress-buffer.js';
import { HeapTimeBuffer } from '../store/heap-time-buffer.js';
import { HeapUnmatchedStore } from '../store/heap-unmatched-store.js';
import { HeapVersionedStore } from '../store/heap-versioned-store.js';
import { HeapWindowStore } from '../store/heap-window-store.js';
import type { ChangelogWriter, StateStore } from '../store/state-store.js';
import type { StoreSpec } from '../topology/specs.js';
import type { RecordCollector } from './record-collector.js';

/** Where a task's stores write their changes. */
export interface StoreEnvironment {
  readonly changelog: string;
  readonly partition: number;
  readonly collector: RecordCollector;
  readonly recordTimeMs: () => number;
}

/** Makes a store of a task. A table that is read from a topic writes no changelog: the topic is one. */
export function makeStore(spec: StoreSpec, environment: StoreEnvironment): StateStore {
  const changelog = spec.sourceTopic === undefined ? writerTo(environment) : undefined;
  switch (spec.kind) {
    case 'key-value':
      return new HeapKeyValueStore(spec.name, spec, environment.recordTimeMs, changelog);
    case 'versioned':
      return new HeapVersionedStore(spec.name, spec, spec.retentionMs, changelog);
    case 'session':
      return new HeapSessionStore(spec.name, spec, spec.retentionMs, changelog);
    case 'suppress-buffer':
      return new HeapSuppressBuffer(spec.name, spec, changelog);
    case 'time-buffer':
      return new HeapTimeBuffer(spec.name, spec, changelog);
    case 'subscriptions':
      return new SubscriptionStore(spec.name, changelog);
    case 'window':
      return new HeapWindowStore(spec.name, spec, spec, changelog);
    case 'join-window':
      return new HeapJoinStore(spec.name, spec, spec.retentionMs, changelog);
    case 'join-unmatched':
      return new HeapUnmatchedStore(spec.name, spec, changelog);
  }
}

function writerTo({ changelog, partition, collector }: StoreEnvironment): ChangelogWriter {
  return {
    append: (key, value, timestampMs) => {
      const valueEnd = value === null ? -1 : value.length;
      const valueStart = value === null ? -1 : 0;
      collector.send(changelog, partition, timestampMs, key, 0, key.length, value, valueStart, valueEnd, null, 0, 0);
    },
  };
}
