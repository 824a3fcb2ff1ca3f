/** Token of the `ObjectStore`. */
export const OBJECT_STORE = Symbol('object-store');

/** Name of the resilience policy around each call to the object store. */
export const OBJECT_STORE_POLICY = 'object-store';
