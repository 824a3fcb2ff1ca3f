/** Token of the `ObjectStore`. */
export const OBJECT_STORE = Symbol('object-store');

/** Name of the resilience policy around each call to the object store. */
export const OBJECT_STORE_POLICY = 'object-store';

/** Token of how many milliseconds an object may be open. */
export const OBJECT_MAX_AGE_MS = Symbol('object-max-age-ms');

/** What that is unless somebody says otherwise. */
export const DEFAULT_OBJECT_MAX_AGE_MS = 300_000;
