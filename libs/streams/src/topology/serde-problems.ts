import type { Serde } from '../serde/serde.js';
import type { GlobalTableSpec, GraphNode } from './specs.js';

type Serdes = { readonly key: Serde<unknown>; readonly value: Serde<unknown> };

/** What is no serde where one is needed: types forbid it, but code without types, or with casts, passes them by. */
export function problemsOfSerdes(nodes: readonly GraphNode[], globalTables: readonly GlobalTableSpec[]): string[] {
  const users = nodes.flatMap((node) => node.stores.map((store) => [store, node.name] as const));
  const stores = new Map(users.toReversed());
  return [
    ...nodes.flatMap(({ source }) => (source === undefined ? [] : missing(`'${source.node}'`, 'read', source))),
    ...nodes.flatMap(({ sink }) => (sink === undefined ? [] : missing(`'${sink.node}'`, 'write', sink))),
    ...globalTables.flatMap((table) => missing(`the global table '${table.name}'`, 'read', table)),
    ...[...stores]
      .reverse()
      .flatMap(([store, node]) => missing(`the store '${store.name}' of '${node}'`, 'keep', store)),
  ];
}

function missing(what: string, does: string, serdes: Serdes): string[] {
  return (['key', 'value'] as const)
    .filter((part) => !isSerde(serdes[part]))
    .map((part) => `${what} has no serde to ${does} its ${part}s: give it one, such as 'utf8' or 'json()'`);
}

function isSerde(serde: Serde<unknown> | undefined | null): boolean {
  return typeof serde?.serialize === 'function' && typeof serde.deserialize === 'function';
}
