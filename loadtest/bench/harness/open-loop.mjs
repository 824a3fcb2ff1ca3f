/**
 * Measures how long events take through a contender when they come at a fixed rate, whether it keeps up or not.
 *
 * An event's time runs from the moment when it was due, not from when it was sent: who makes the source wait does not look
 * faster by it. It ends when a reader of committed records has it.
 */
import { ContenderProcess } from './contender-process.mjs';
import { Digest } from './digest.mjs';
import { dueMs, sendAt } from './source.mjs';

/** A contender that gives nothing for so long is stuck. */
const STALL_MS = 60_000;

/** What {@link openLoop} tells of a contender, in the order of the report. */
export const OPEN_LOOP_COLUMNS = ['p50Ms', 'p95Ms', 'p99Ms', 'maxMs', 'cores', 'firstRecordMs', 'peakMiB'];

/**
 * Starts a contender and, with it, the events.
 *
 * @param run `rate`: events a second. The latencies are those of the events after the first `warmUp`.
 * @returns percentiles of the latency, how many cores the contender used meanwhile, the time from its start to the first record
 *   that came out, its greatest memory, and the digest of what came out.
 */
export async function openLoop({ cluster, program, work, prepared: { totalRecords, records }, warmUp, rate }) {
  const { fetcher } = await cluster.reader(work.output, { maxWaitMs: 500 });
  const contender = new ContenderProcess(program, work);
  const startMs = contender.spawnedMs;
  const pace = { startMs, rate };
  const source = new AbortController();
  const sending = sendAt(cluster, work.input, records(), { ...pace, count: totalRecords, signal: source.signal });
  // Told below, when it is waited for.
  sending.catch(() => undefined);
  const latenciesMs = new Float64Array(totalRecords - warmUp);
  const digest = new Digest();
  let firstRecordMs;
  let warm;
  try {
    let seenMs = performance.now();
    while (digest.count < totalRecords) {
      contender.check();
      await cluster.readSome(fetcher, ({ buffer, keyStart, keyEnd, valueStart, valueEnd }) => {
        const nowMs = performance.now();
        firstRecordMs ??= nowMs - startMs;
        seenMs = nowMs;
        digest.add(buffer.subarray(keyStart, keyEnd), buffer.subarray(valueStart, valueEnd));
        const n = idIn(buffer, valueStart);
        if (n >= warmUp) latenciesMs[n - warmUp] = nowMs - dueMs(n, pace);
      });
      if (performance.now() >= dueMs(warmUp, pace)) warm ??= { atMs: performance.now(), ...contender.cpuSeconds() };
      if (performance.now() - seenMs > STALL_MS)
        throw new Error(`only ${digest.count} of ${totalRecords} events came out:\n${contender.log}`);
    }
    await sending;
    const { user, system } = contender.cpuSeconds();
    const cores = ((user + system - warm.user - warm.system) * 1_000) / (performance.now() - warm.atMs);
    const peakMiB = contender.peakMiB();
    return { ...percentiles(latenciesMs), cores, firstRecordMs, peakMiB, digest: String(digest) };
  } finally {
    source.abort();
    await contender.stop();
    await fetcher.stop();
  }
}

/** The number after `{"id":`, with which every value begins. */
function idIn(bytes, start) {
  let id = 0;
  for (let at = start + 6; bytes[at] >= 0x30 && bytes[at] <= 0x39; at++) id = id * 10 + bytes[at] - 0x30;
  return id;
}

function percentiles(values) {
  values.sort();
  const at = (share) => values[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)];
  return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: values.at(-1) };
}
