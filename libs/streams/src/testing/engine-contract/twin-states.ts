import { storeSpec } from '../../dsl/store-options.js';
import { json, utf8 } from '../../serde/serdes.js';
import type { StoreEngine } from '../../store/engine/store-engine.js';
import type { StateStore } from '../../store/state-store.js';
import type { RecordCollector } from '../../task/record-collector.js';
import { IN_MEMORY, type StoreEngines } from '../../task/store-engines.js';
import { StoreSet } from '../../task/store-set.js';
import { Topology } from '../../topology/topology.js';
import type { StoreKind, StoreSpec } from '../../topology/specs.js';
import { MemoryRun, type RawRecord } from '../memory-topics.js';

const STORE = 'twins';

/** How a state comes to its end. */
export type Ending = 'crash before the commit' | 'crash after the commit' | 'restart';

/**
 * One store twice, in the heap and with an engine, with the same writes. Where the process ends, the heap's is restored from the
 * whole changelog and the engine's from where its rows end.
 */
export class TwinStates<S extends StateStore> {
  readonly #spec: StoreSpec;
  readonly #engines: StoreEngines;
  /** The committed changelog of the heap's store. */
  readonly #changelog: RawRecord[] = [];
  #appended: RawRecord[] = [];
  #mark = 0;
  #heap: StoreSet;
  #kept: StoreSet;

  constructor(kind: StoreKind, spec: Partial<StoreSpec>, engine: StoreEngine) {
    this.#spec = storeSpec({ name: STORE, kind, key: utf8, value: json<unknown>(), ...spec });
    this.#engines = { default: 'tried', byName: new Map([['tried', engine]]) };
    this.#heap = this.#state(IN_MEMORY, this.#appended);
    this.#kept = this.#state(this.#engines, []);
  }

  get heap(): S {
    return this.#heap.stores.get(STORE) as S;
  }

  get kept(): S {
    return this.#kept.stores.get(STORE) as S;
  }

  /** Does the same to both and returns what each says. */
  both<R>(work: (store: S) => R): readonly [R, R] {
    return [work(this.kept), work(this.heap)];
  }

  /** A record begins, that {@link undoRecord} may take back. */
  beginRecord(): void {
    this.#mark = this.#appended.length;
    this.both((store) => store.beginRecord());
  }

  undoRecord(): void {
    this.#appended.splice(this.#mark);
    this.both((store) => store.undoRecord());
  }

  commit(): void {
    this.#changelog.push(...this.#appended.splice(0));
    for (const state of [this.#heap, this.#kept]) {
      state.reached(STORE, this.#changelog.length);
      state.commit();
    }
  }

  end(how: Ending): void {
    if (how === 'crash before the commit') this.#appended.splice(0);
    // The transaction is through, but the stores have not heard of it.
    else if (how === 'crash after the commit') this.#changelog.push(...this.#appended.splice(0));
    else this.commit();
    this.close();
    this.#appended = [];
    this.#heap = this.#state(IN_MEMORY, this.#appended);
    this.#kept = this.#state(this.#engines, []);
    for (const state of [this.#heap, this.#kept]) {
      const from = state.restorePosition(STORE) ?? 0;
      state.restore(STORE, new MemoryRun(this.#changelog.slice(from), from));
      state.restored(STORE);
    }
  }

  close(): void {
    this.#heap.close();
    this.#kept.close();
  }

  #state(engines: StoreEngines, appended: RawRecord[]): StoreSet {
    const collector: RecordCollector = {
      partitionCount: () => 1,
      send: (_topic, _partition, timestampMs, key, keyStart, keyEnd, value, valueStart, valueEnd) => {
        appended.push({
          key: key === null ? null : Buffer.from(key.subarray(keyStart, keyEnd)),
          value: value === null || valueStart < 0 ? null : Buffer.from(value.subarray(valueStart, valueEnd)),
          timestampMs,
          headers: null,
        });
      },
    };
    const subTopology = {
      id: 0,
      nodes: [],
      sources: [],
      sinks: [],
      stores: [this.#spec],
      coPartitionGroups: [],
      isStateful: true,
    };
    const topology = new Topology(this.#spec.kind, [subTopology], [], undefined);
    return new StoreSet(topology, subTopology, {
      applicationId: 'contract',
      partition: 0,
      collector,
      storeEngines: engines,
    });
  }
}
