import type { Serde } from '../serde/serde.js';

/** What a join sees of a global table. */
export interface ReadOnlyTable {
  get(key: unknown): unknown;
  size(): number;
}

/** A table that every task of an application sees whole; the runtime fills it from all partitions of its topic. */
export class GlobalStore implements ReadOnlyTable {
  readonly name: string;
  readonly #key: Serde<unknown>;
  readonly #value: Serde<unknown>;
  readonly #rows = new Map<unknown, unknown>();

  constructor(name: string, key: Serde<unknown>, value: Serde<unknown>) {
    this.name = name;
    this.#key = key;
    this.#value = value;
  }

  get(key: unknown): unknown {
    return this.#rows.get(this.#id(key));
  }

  size(): number {
    return this.#rows.size;
  }

  /** Takes one record of the topic. Throws as the serdes do. */
  apply(buffer: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    if (keyStart < 0) return;
    const id = this.#id(this.#key.deserialize(buffer, keyStart, keyEnd));
    if (valueStart < 0) this.#rows.delete(id);
    else this.#rows.set(id, this.#value.deserialize(buffer, valueStart, valueEnd));
  }

  #id(key: unknown): unknown {
    return typeof key === 'string' || typeof key === 'number' ? key : this.#key.serialize(key).toString('latin1');
  }
}
