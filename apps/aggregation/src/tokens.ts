/** Token of the `Cache` that holds the latest hour of each airport. */
export const LATEST_HOURS_CACHE = Symbol('latest-hours-cache');

/** Name of the resilience policy around each call to PostgreSQL. */
export const POSTGRES_POLICY = 'postgres';
