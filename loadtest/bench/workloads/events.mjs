/** The events that the workloads read: the n-th is always the same, so that every run and every contender has one input. */

export const USERS = 100_003;
export const PARTITIONS = 4;
/** Records of one millisecond of event time. */
const RECORDS_PER_MS = 10;
const FIRST_MS = Date.UTC(2026, 0, 1);
/** Steps through the users so that neighbours in time are no neighbours in any table. */
export const STRIDE = 7_919;

/** The n-th event without padding; `user` is its key too. */
export function eventOf(n) {
  return { id: n, user: `user-${(n * STRIDE) % USERS}`, amount: (n * 31) % 1_000, page: `/products/${n % 1_009}` };
}

export function timestampOf(n) {
  return FIRST_MS + Math.floor(n / RECORDS_PER_MS);
}

export function segmentOf(user) {
  return `segment-${Number(user.slice('user-'.length)) % 17}`;
}

/** The event's JSON, padded to `bytes`. */
export function jsonOf(event, bytes) {
  const text = JSON.stringify(event);
  const missing = bytes - text.length - ',"pad":""'.length;
  return missing > 0 ? `${text.slice(0, -1)},"pad":"${'x'.repeat(missing)}"}` : text;
}

/** What a sink has of an event besides its user, for digests. */
export function rowBytes({ id, amount, page }) {
  return Buffer.from(`${id} ${amount} ${page}`);
}

/** The records of the input topic. */
export function* eventRecords(count, bytes) {
  for (let n = 0; n < count; n++) {
    const event = eventOf(n);
    yield { key: Buffer.from(event.user), value: Buffer.from(jsonOf(event, bytes)), timestampMs: timestampOf(n) };
  }
}
