/** What a conditional {@link ObjectStore.put} did. */
export type PutResult = 'created' | 'exists';

/** What is known of an object without its bytes. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

/** For every call: gives it up when it aborts, where the store can. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * A store of objects by key, as S3 has it: an object is there whole or not at all, and keys with `/` only look like folders.
 *
 * Every call may throw {@link TransientError} (retry) when the store is out of reach, slow or full, and {@link FatalError}
 * (stop-app) `MR_SINK_REFUSED` when it refuses the caller.
 */
export interface ObjectStore {
  /**
   * Stores an object; it is durable when this resolves.
   *
   * @param options.ifNoneMatch `'*'`: only where there is none under that key; of several at a time exactly one wins.
   * @returns `exists` when there was one; without the condition always `created`.
   */
  put(key: string, bytes: Uint8Array, options?: CallOptions & { readonly ifNoneMatch?: '*' }): Promise<PutResult>;
  /** The bytes of an object; undefined when there is none. */
  get(key: string, options?: CallOptions): Promise<Uint8Array | undefined>;
  /** Its size; undefined when there is none. */
  head(key: string, options?: CallOptions): Promise<StoredObject | undefined>;
  /** All objects whose key begins with `prefix`, by key in the order of code units. */
  list(prefix: string, options?: CallOptions): Promise<readonly StoredObject[]>;
  /** Removes an object; a no-op when there is none. */
  delete(key: string, options?: CallOptions): Promise<void>;
  /**
   * Removes what interrupted puts have left under a prefix: nobody sees it, but it takes up space. Only for whoever owns the prefix: a
   * put of somebody else that is under way there fails, and may be tried again. A store without it leaves nothing.
   *
   * @returns how many puts had left something.
   */
  discardUnfinished?(prefix: string, options?: CallOptions): Promise<number>;
}
