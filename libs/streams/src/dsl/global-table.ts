/** A table that every task sees whole. */
export class GlobalTable<K, V> {
  readonly name: string;
  /** Never set: carries the types to the joins. */
  declare readonly types: { readonly key: K; readonly value: V };

  constructor(name: string) {
    this.name = name;
  }
}
