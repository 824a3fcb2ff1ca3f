import type { StoreEngine } from '../store/engine/store-engine.js';
import type { StoreKind, StoreSpec } from '../topology/specs.js';

/** The engine that keeps stores in the heap; always there. */
export const MEMORY_ENGINE = 'memory';

/** What keeps the stores of an application. */
export interface StoreEngines {
  /** The engine of the stores that name none: one of {@link byName}, or `memory`. */
  readonly default: string;
  readonly byName: ReadonlyMap<string, StoreEngine>;
}

/** All stores are in the heap. */
export const IN_MEMORY: StoreEngines = { default: MEMORY_ENGINE, byName: new Map() };

/** Stores of operators that hold little and for a short time stay in the heap, whatever the engine. */
const KEPT_BY_ENGINES: ReadonlySet<StoreKind> = new Set([
  'key-value',
  'versioned',
  'window',
  'session',
  'join-window',
  'subscriptions',
]);

/** Says what is wrong with the engines that the stores ask for. */
export function problemsOfEngines(stores: readonly StoreSpec[], engines: StoreEngines): string[] {
  const known = [MEMORY_ENGINE, ...engines.byName.keys()];
  const asked = [engines.default, ...stores.map((store) => store.engine ?? engines.default)];
  return [...new Set(asked)]
    .filter((name) => !known.includes(name))
    .map((name) => {
      const users = stores.filter((store) => (store.engine ?? engines.default) === name).map((store) => store.name);
      return `the store engine '${name}' of ${users.join(', ') || 'no store'} is not known: register it, or take one of ${known.join(', ')}`;
    });
}

/** The name and the engine that keep a store; undefined for one in the heap. */
export function engineOf(spec: StoreSpec, engines: StoreEngines): readonly [string, StoreEngine] | undefined {
  const name = spec.engine ?? engines.default;
  const engine = engines.byName.get(name);
  return engine === undefined || !KEPT_BY_ENGINES.has(spec.kind) ? undefined : [name, engine];
}
