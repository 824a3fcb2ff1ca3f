import { RecordError } from '@millrace/kernel';
import type { RecordHeader } from '@millrace/protocol';
import { readHeaders } from '@millrace/protocol';
import type { Serde } from '../serde/serde.js';
import type { NodeEnvironment } from './node-environment.js';
import { ProcessorNode, type Outcome } from './processor-node.js';

/** Tells the type of a record; undefined where it has none. */
export type TypeOf = (value: unknown, key: unknown, headers: () => readonly RecordHeader[]) => string | undefined;

/** What a router does about a record whose type it does not know. */
export type UnknownType = 'dead-letter' | 'ignore' | 'other';

/** How records are routed. */
export interface TypeRouting {
  readonly typeOf: TypeOf;
  /** The types in the order of the operators below, with the serde that reads their bytes; null where values are read already. */
  readonly types: readonly (readonly [string, Serde<unknown> | null])[];
  /** With `other` the last operator below takes them. */
  readonly unknown: UnknownType;
}

/** Passes each record to the operator of its type, read by the serde of that type. */
export class TypeRouteNode extends ProcessorNode {
  readonly #routing: TypeRouting;
  readonly #environment: NodeEnvironment;
  readonly #places: ReadonlyMap<string, number>;
  readonly #headers: () => readonly RecordHeader[];

  constructor(name: string, routing: TypeRouting, environment: NodeEnvironment) {
    super(name);
    this.#routing = routing;
    this.#environment = environment;
    this.#places = new Map(routing.types.map(([type], index) => [type, index]));
    this.#headers = () => {
      const { headers, headersStart, headersEnd } = environment.context;
      return readHeaders(headers, headersStart, headersEnd);
    };
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const { types, typeOf, unknown } = this.#routing;
    const type = typeOf(value, key, this.#headers);
    const place = type === undefined ? undefined : this.#places.get(type);
    if (place === undefined) {
      if (unknown === 'ignore') return undefined;
      if (unknown === 'other')
        return this.forwardTo(this.children[types.length] as ProcessorNode, key, value, timestampMs);
      // The type may be part of the payload: it is not shown.
      const known = types.map(([each]) => each).join(', ');
      throw new RecordError(
        'MR_RECORD_REJECTED',
        `'${this.name}' does not know the type of a record; it knows ${known}`,
      );
    }
    return this.forwardTo(this.children[place] as ProcessorNode, key, this.#read(place, value), timestampMs);
  }

  #read(place: number, value: unknown): unknown {
    const serde = this.#routing.types[place]?.[1];
    if (serde === null || serde === undefined || value === null) return value;
    const bytes = value as Buffer;
    const read = serde.deserialize(bytes, 0, bytes.length);
    this.#environment.context.forgetValue();
    return read;
  }
}
