/** Measures how a contender works off an input that is there already. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ContenderProcess } from './contender-process.mjs';

const POLL_MS = 20;
/** A contender that commits nothing new for so long is stuck. */
const STALL_MS = 60_000;

/** What {@link drain} tells of a contender, in the order of the report. */
export const DRAIN_COLUMNS = ['eventsPerSecond', 'eventsPerCpuSecond', 'userShare', 'firstCommitMs', 'peakMiB'];

/**
 * Starts a contender and follows what its group commits until all of the input is.
 *
 * The figures are those of the time after `warmUp` records: by then code is compiled and caches are full.
 *
 * @returns events/s, events per CPU-second of the contender's process with the shares of user and system, the time from its
 *   start to the first commit, and its greatest memory.
 */
export async function drain({ cluster, program, work, prepared: { totalRecords, committedTopics }, warmUp }) {
  const contender = new ContenderProcess(program, work);
  try {
    let firstCommitMs;
    let warm;
    let seen = { records: 0, atMs: performance.now() };
    for (;;) {
      contender.check();
      const records = await cluster.committedRecords(work.applicationId, committedTopics);
      const now = { records, atMs: performance.now(), cpu: contender.cpuSeconds() };
      if (records > 0) firstCommitMs ??= now.atMs;
      if (records >= warmUp) warm ??= now;
      if (records > seen.records) seen = now;
      else if (now.atMs - seen.atMs > STALL_MS)
        throw new Error(`nothing was committed after record ${records} for ${STALL_MS} ms:\n${contender.log}`);
      if (records >= totalRecords) {
        const peakMiB = contender.peakMiB();
        return { ...figures(warm, now), peakMiB, firstCommitMs: firstCommitMs - contender.spawnedMs };
      }
      await sleep(POLL_MS);
    }
  } finally {
    await contender.stop();
  }
}

function figures(from, to) {
  const records = to.records - from.records;
  const user = to.cpu.user - from.cpu.user;
  const system = to.cpu.system - from.cpu.system;
  return {
    eventsPerSecond: (records / (to.atMs - from.atMs)) * 1_000,
    eventsPerCpuSecond: records / (user + system),
    userShare: user / (user + system),
  };
}
