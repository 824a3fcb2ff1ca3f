import { setTimeout as sleep } from 'node:timers/promises';

const TICK_MS = 1;
/** The source waits for the broker from here on; what waits is late by that. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

/** When the n-th event is due, where the first one is at `startMs`. */
export function dueMs(n, { startMs, rate }) {
  return startMs + (n / rate) * 1_000;
}

/** Sends each record when it is due; those that are late at once, as far as the broker takes them. */
export async function sendAt(cluster, topic, records, { count, startMs, rate, signal }) {
  const producer = await cluster.producer({ lingerMs: 0 });
  for (let sent = 0; sent < count && !signal.aborted;) {
    if (producer.bufferedBytes > MAX_BUFFERED_BYTES) await producer.flush();
    const due = Math.min(count, Math.floor(((performance.now() - startMs) * rate) / 1_000) + 1, sent + rate / 10);
    for (; sent < due; sent++) {
      const { key, value, timestampMs } = records.next().value;
      producer.send(topic, key, value, { timestampMs });
    }
    await sleep(TICK_MS);
  }
  await producer.flush();
  await producer.stop();
}
