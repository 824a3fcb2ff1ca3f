import { toMs } from '@millrace/kernel';
import { SessionAggregateNode, type SessionFold } from '../aggregate/session-aggregate-node.js';
import { int64, json } from '../serde/serdes.js';
import { sessionView } from '../table/windowed-views.js';
import { sessionKey } from '../window/session-key-serde.js';
import { describeWindows, problemsOf, type SessionWindows } from '../window/time-windows.js';
import type { Windowed } from '../window/windowed.js';
import {
  addition,
  counting,
  reduction,
  type AggregateOptions,
  type ReduceOptions,
  type WindowedOptions,
} from './folds.js';
import type { KStream } from './k-stream.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { storeSpec, type StoreOptions } from './store-options.js';
import { storedTable } from './table-origin.js';

/** An aggregate of sessions says how two of them become one. */
export interface SessionAggregateOptions<K, V, A> extends AggregateOptions<K, V, A> {
  readonly merge: (one: A, other: A, key: K) => A;
}

type NotCached<O> = Omit<O, 'cache'>;

/** A grouped stream, cut into sessions. */
export class SessionedStream<K, V> {
  readonly #stream: KStream<K, V>;
  readonly #windows: SessionWindows;
  readonly #resolve: ProcessorResolver | undefined;

  constructor(stream: KStream<K, V>, windows: SessionWindows, resolve: ProcessorResolver | undefined) {
    this.#stream = stream;
    this.#windows = windows;
    this.#resolve = resolve;
  }

  count(name: string, options: NotCached<StoreOptions<number>> & WindowedOptions): KTable<Windowed<K>, number> {
    const merge = (one: unknown, other: unknown): number => (one as number) + (other as number);
    return this.#fold(name, { value: int64, ...options }, { add: counting, merge });
  }

  reduce(name: string, options: NotCached<ReduceOptions<V>> & WindowedOptions): KTable<Windowed<K>, V> {
    const merge = (one: unknown, other: unknown): V => options.reduce(one as V, other as V);
    const given = { value: this.#stream.serdes.value, ...options };
    return this.#fold(name, given, { add: reduction(options.reduce), merge });
  }

  aggregate<A>(
    name: string,
    options: NotCached<SessionAggregateOptions<K, V, A>> & WindowedOptions,
  ): KTable<Windowed<K>, A> {
    const merge = (one: unknown, other: unknown, key: unknown): A => options.merge(one as A, other as A, key as K);
    return this.#fold(name, options, { add: addition(options.initialize, options.add), merge });
  }

  #fold<A>(
    name: string,
    options: NotCached<StoreOptions<A>> & WindowedOptions,
    how: Pick<SessionFold, 'add' | 'merge'>,
  ): KTable<Windowed<K>, A> {
    const windows = this.#windows;
    const { graph, node: above } = this.#stream;
    for (const problem of problemsOf(windows)) graph.problems.push(`the windows of '${name}' have ${problem}`);
    const emit = options.emit ?? 'update';
    const value = options.value ?? json<A>();
    const { key } = this.#stream.serdes;
    const askedMs = options.retention === undefined ? 0 : toMs(options.retention);
    const retentionMs = Math.max(windows.gapMs + windows.graceMs, askedMs);
    const store = storeSpec({
      name: options.store,
      kind: 'session',
      key,
      value,
      retentionMs,
      engine: options.engine,
      isLogged: options.logging ?? true,
    });
    const fold: SessionFold = { store: store.name, ...how, emit };
    const node = graph.add({
      name,
      kind: 'processor',
      parents: [above],
      stores: [store],
      globalTables: [],
      detail: `${describeWindows(windows)}${emit === 'close' ? ', on close' : ''}`,
      create: (environment) => new SessionAggregateNode(name, windows, fold, environment),
    });
    const origin = {
      ...storedTable(store),
      view: sessionView(store.name),
      closesAfterMs: windows.gapMs + windows.graceMs,
    };
    return new KTable<Windowed<K>, A>(graph, node, origin, { key: sessionKey(key), value }, this.#resolve);
  }
}
