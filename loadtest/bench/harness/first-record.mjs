import { setTimeout as sleep } from 'node:timers/promises';

/** A record is in the topic by now, so it is seen within this time or was never written. */
const SEEN_WITHIN_MS = 5_000;

/** Enough for a record; a batch that is larger comes whole. */
const FETCH_BYTES = 16 * 1024;

/**
 * Waits at an empty topic for its first record, whether it is committed yet or not. One request waits at the broker meanwhile, and
 * nothing is read after that record, so that the measurement goes on as if nobody had looked.
 *
 * @returns `atMs()`: when the record was seen, by `performance.now()`; rejects when none has come although it must have. `stop()`.
 */
export async function awaitFirstRecord(cluster, topic) {
  const { fetcher } = await cluster.reader(topic, {
    isolation: 'read_uncommitted',
    partitionMaxBytes: FETCH_BYTES,
    maxBytes: FETCH_BYTES,
  });
  let seenMs;
  let isStopped = false;
  const reading = (async () => {
    while (seenMs === undefined && !isStopped) {
      await cluster.readSome(fetcher, () => {
        seenMs ??= performance.now();
      });
    }
    await fetcher.stop();
  })();
  // Told by whoever asks for the time.
  reading.catch(() => undefined);
  return {
    async atMs() {
      await Promise.race([reading, sleep(SEEN_WITHIN_MS, undefined, { ref: false })]);
      if (seenMs === undefined) throw new Error(`the input is committed, but no record has come out in '${topic}'`);
      return seenMs;
    },
    async stop() {
      isStopped = true;
      await fetcher.stop();
    },
  };
}
