import { utcTimeMs } from '../time/utc-time.js';

/** Record timestamp of all reference data: before every event, so that tables are loaded before they are asked. */
export const REFERENCE_TIME_MS = utcTimeMs('2012-01-01T00:00:00Z');
