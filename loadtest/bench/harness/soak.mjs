/**
 * Measures whether a contender stays what it is while events come at a fixed rate for a long time: its memory, how long events take
 * through it, and whether it keeps up.
 *
 * Input that is committed and output that was read are deleted meanwhile, so that the disk needs room for some seconds of them alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ContenderProcess } from './contender-process.mjs';
import { LatencyHistogram } from './latency-histogram.mjs';
import { dueMs, sendAt } from './source.mjs';
import { steadiness } from './steadiness.mjs';

const SAMPLE_MS = 2_000;
const TRIM_MS = 5_000;
/** A contender that gives nothing for so long is stuck. */
const STALL_MS = 60_000;
/** What is not out so long after the last event was sent will not be waited for. */
const CATCH_UP_MS = 120_000;
/** After a wrong answer nothing says when all is out. */
const QUIET_MS = 5_000;

/** What {@link soak} tells of a contender, in the order of the report. */
export const SOAK_COLUMNS = [
  ...['middleMiB', 'lastMiB', 'slopeMiBPerMinute', 'peakMiB', 'cores', 'backlog'],
  ...['middleP50Ms', 'middleP99Ms', 'lastP50Ms', 'lastP99Ms'],
];

/**
 * Starts a contender and, with it, the events.
 *
 * @param run `rate`: events a second; `warmUp`: a third of them. `prepared.begin()` gives `records`, the events, and `totals`, what checks the
 *   results: `take(cursor)` returns the number of the latest event in a result, `counted` and `mistakes` tell how it stands.
 * @returns resident memory in the middle and the last third of the time (medians, MiB) with its slope over both, percentiles of the latency in
 *   either, the cores used in both, how many events had not come out when the last was sent, the greatest memory, all samples, and the totals.
 */
export async function soak({ cluster, program, work, prepared, warmUp, rate }) {
  const { totalRecords } = prepared;
  const { fetcher, partitions } = await cluster.reader(work.output, { maxWaitMs: 500 });
  const { records, totals } = prepared.begin();
  const latencies = [new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram()];
  const contender = new ContenderProcess(program, work);
  const startMs = contender.spawnedMs;
  const pace = { startMs, rate };
  const stopping = new AbortController();
  const { signal } = stopping;
  let failure;
  let sent;
  const fail = (cause) => {
    failure ??= cause;
  };
  const sending = sendAt(cluster, work.input, records, { ...pace, count: totalRecords, signal }).then(() => {
    sent = { atMs: performance.now(), backlog: totalRecords - totals.counted };
  }, fail);
  const trimming = trim(cluster, work, { fetcher, partitions, signal }).catch(fail);
  const samples = [];
  let warm;
  let end;
  try {
    let seenMs = startMs;
    for (;;) {
      contender.check();
      await cluster.readSome(fetcher, (cursor) => {
        seenMs = performance.now();
        const n = totals.take(cursor);
        if (n !== undefined) latencies[Math.floor((n / totalRecords) * 3)].add(seenMs - dueMs(n, pace));
      });
      if (failure !== undefined) throw failure;
      const nowMs = performance.now();
      if (nowMs >= dueMs(warmUp, pace)) warm ??= usage(contender);
      if (sent === undefined && nowMs - startMs >= samples.length * SAMPLE_MS) {
        samples.push({ second: (nowMs - startMs) / 1_000, value: contender.residentMiB() });
      }
      if (sent !== undefined) end ??= usage(contender);
      if (end !== undefined && (totals.counted === totalRecords || (totals.mistakes > 0 && nowMs - seenMs > QUIET_MS)))
        break;
      const waiting = `${totalRecords - totals.counted} of ${totalRecords} events are not out`;
      if (nowMs - seenMs > STALL_MS) throw new Error(`${waiting}, and none came for ${STALL_MS} ms:\n${contender.log}`);
      if (sent !== undefined && nowMs - sent.atMs > CATCH_UP_MS)
        throw new Error(`${waiting} ${CATCH_UP_MS} ms after the last was sent: it cannot do as much, so lower --rate`);
    }
    const { middle, last, growth, slopePerMinute } = steadiness(samples, (sent.atMs - startMs) / 1_000);
    return {
      middleMiB: middle,
      lastMiB: last,
      growth,
      slopeMiBPerMinute: slopePerMinute,
      peakMiB: contender.peakMiB(),
      cores: ((end.cpuSeconds - warm.cpuSeconds) * 1_000) / (end.atMs - warm.atMs),
      backlog: sent.backlog,
      middleP50Ms: latencies[1].percentile(0.5),
      middleP99Ms: latencies[1].percentile(0.99),
      lastP50Ms: latencies[2].percentile(0.5),
      lastP99Ms: latencies[2].percentile(0.99),
      memory: samples.map(({ second, value }) => ({ second: Math.round(second), MiB: Math.round(value) })),
      counted: totals.counted,
      mistakes: totals.mistakes,
      firstMistake: totals.firstMistake,
    };
  } finally {
    stopping.abort();
    await Promise.all([sending, trimming]);
    await contender.stop();
    await fetcher.stop();
  }
}

function usage(contender) {
  const { user, system } = contender.cpuSeconds();
  return { atMs: performance.now(), cpuSeconds: user + system };
}

async function trim(cluster, { applicationId, input }, { fetcher, partitions, signal }) {
  for (;;) {
    // An abort ends the pause, and the loop with it.
    await sleep(TRIM_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const read = partitions.map((each) => ({ ...each, offset: fetcher.position(each) }));
    await cluster.deleteBefore([...(await cluster.committedPlaces(applicationId, [input])), ...read]);
  }
}
