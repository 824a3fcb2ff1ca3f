import type { RecordHeader } from '@millrace/protocol';
import { TypeRouteNode, type TypeOf, type TypeRouting, type UnknownType } from '../processor/type-route-node.js';
import type { Serde } from '../serde/serde.js';
import type { KStream } from './k-stream.js';
import { addOutputs } from './named-outputs.js';

/** Reads the type of a record from a header, as text; records without it have none. */
export function header(
  name: string,
): (value: unknown, key: unknown, headers: () => readonly RecordHeader[]) => string | undefined {
  return (_value, _key, headers) =>
    headers()
      .findLast((each) => each.key === name)
      ?.value?.toString('utf8');
}

/** How the records of a topic with several types of events are told apart and read. */
export interface RouteOptions<K, T extends Readonly<Record<string, Serde<unknown>>>, U extends UnknownType> {
  /** The type of a record, such as `header('event-type')`; undefined where it has none. */
  readonly by: (value: Buffer, key: K, headers: () => readonly RecordHeader[]) => string | undefined;
  /** The serde of each type, by the text that {@link by} gives. */
  readonly types: T;
  /**
   * A record of another type: `dead-letter` (default) is a fault of the record, `ignore` drops it, `other` gives a stream of them, as
   * bytes.
   */
  readonly unknown?: U;
}

/** The streams of a router, by type; with `other` for the rest where it was asked for. */
export type Routes<K, T extends Readonly<Record<string, Serde<unknown>>>, U> = {
  readonly [N in keyof T]: KStream<K, T[N] extends Serde<infer V> ? V : never>;
} & ([U] extends ['other'] ? { readonly other: KStream<K, Buffer> } : unknown);

/** The streams of a router by a field, by its values. */
export type FieldRoutes<K, V, F extends keyof V, T extends V[F] & string> = {
  readonly [N in T]: KStream<K, Extract<V, Readonly<Record<F, N>>>>;
};

/** Adds a router of bytes to streams of one type each. */
export function addTypeRouter<K, T extends Readonly<Record<string, Serde<unknown>>>, U extends UnknownType>(
  name: string,
  stream: KStream<K, Buffer>,
  { by, types, unknown }: RouteOptions<K, T, U>,
): Routes<K, T, U> {
  const otherwise: UnknownType = unknown ?? 'dead-letter';
  const routing = { typeOf: by as TypeOf, types: Object.entries(types), unknown: otherwise };
  return streamsOf(name, stream, routing) as Routes<K, T, U>;
}

/** Adds a router of values that name their type in a field. */
export function addFieldRouter<K, V, F extends keyof V & string, T extends V[F] & string>(
  name: string,
  stream: KStream<K, V>,
  field: F,
  types: readonly T[],
  unknown: Exclude<UnknownType, 'other'>,
): FieldRoutes<K, V, F, T> {
  const typeOf: TypeOf = (value) => (value as V | null)?.[field] as string | undefined;
  const routing = { typeOf, types: types.map((type) => [type, null] as const), unknown };
  return streamsOf(name, stream, routing) as unknown as FieldRoutes<K, V, F, T>;
}

function streamsOf<K, V>(
  name: string,
  stream: KStream<K, V>,
  routing: TypeRouting,
): Readonly<Record<string, KStream<K, unknown>>> {
  const { graph, node: parent, serdes } = stream;
  const node = graph.add({
    name,
    kind: 'processor',
    parents: [parent],
    stores: [],
    globalTables: [],
    detail: `by type: ${routing.types.map(([type]) => type).join(', ')}`,
    create: (environment) => new TypeRouteNode(name, routing, environment),
  });
  const types = [...routing.types, ...(routing.unknown === 'other' ? [['other', null] as const] : [])];
  const outputs = addOutputs(graph, node, name, types.map(([type]) => type)); // prettier-ignore
  return Object.fromEntries(
    types.map(([type, serde], nth) => {
      const output = outputs[nth] as (typeof outputs)[number];
      const value = serde ?? serdes.value;
      return [type, stream.derived(output, value)];
    }),
  );
}
