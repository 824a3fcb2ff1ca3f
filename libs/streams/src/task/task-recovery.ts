import type { RecordContext } from '../processor/record-context.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import type { StateStore } from '../store/state-store.js';
import type { TableStore } from '../store/table-store.js';
import type { SourceRecovery } from '../topology/recovery.js';
import type { SourceSpec } from '../topology/specs.js';
import type { SubTopology, Topology } from '../topology/topology.js';
import type { RecordCollector } from './record-collector.js';
import { RetryRoute } from './retry-route.js';
import { TableExceptions } from './table-exceptions.js';
import type { TaskCounters } from './task-counters.js';
import { WaitingKeys } from './waiting-keys.js';

/** What a task's recovery needs of it. */
export interface RecoveringTask {
  readonly applicationId: string;
  readonly partition: number;
  readonly collector: RecordCollector;
  readonly context: RecordContext;
  readonly counters: TaskCounters;
  readonly nowMs: () => number;
  readonly store: (name: string) => StateStore;
}

/** What the error policy has added to one task: the ways through retry topics, and the rows that differ from a table's topic. */
export class TaskRecovery {
  readonly #routes = new Map<SourceSpec, RetryRoute>();
  readonly #topics = new Map<SourceSpec, readonly string[]>();
  readonly #exceptions: TableExceptions[] = [];

  constructor(topology: Topology, subTopology: SubTopology, task: RecoveringTask) {
    for (const recovery of subTopology.recovery ?? []) {
      const { source, delaysMs, waitingKeys } = recovery;
      const topics = delaysMs.map((delayMs, nth) => ({
        name: topology.retryTopicName(task.applicationId, source, nth + 1),
        delayMs,
      }));
      const exceptions = exceptionsOf(recovery, task);
      if (exceptions !== undefined) this.#exceptions.push(exceptions);
      const waiting = waitingKeys === undefined ? undefined : new WaitingKeys(storeOf(task, waitingKeys));
      const { partition, context, collector, counters, nowMs } = task;
      const parts = { topics, partition, context, collector, counters, nowMs, waitingKeys: waiting, exceptions };
      this.#routes.set(source, new RetryRoute(parts));
      this.#topics.set(
        source,
        topics.map(({ name }) => name),
      );
    }
  }

  /** The way of a source's records through its retry topics; undefined where the policy asks for none. */
  route(source: SourceSpec): RetryRoute | undefined {
    return this.#routes.get(source);
  }

  /** The retry topics of a source, in order. */
  topics(source: SourceSpec): readonly string[] {
    return this.#topics.get(source) ?? [];
  }

  /** Puts the rows that differ from their topic over the restored tables; does nothing the second time. */
  restored(): void {
    for (const exceptions of this.#exceptions) exceptions.apply();
  }
}

function exceptionsOf({ source, table }: SourceRecovery, task: RecoveringTask): TableExceptions | undefined {
  if (table === undefined) return undefined;
  return new TableExceptions(storeOf(task, table.exceptions), task.store(table.store) as TableStore, source);
}

function storeOf<V>(task: RecoveringTask, name: string): KeyValueStore<Buffer, V> {
  return task.store(name) as StateStore & KeyValueStore<Buffer, V>;
}
