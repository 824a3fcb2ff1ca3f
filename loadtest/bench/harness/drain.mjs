/** Measures how a contender works off an input that is there already. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ContenderProcess } from './contender-process.mjs';
import { awaitFirstRecord } from './first-record.mjs';
import { rates } from './rates.mjs';

const POLL_MS = 20;
/** A contender that commits nothing new for so long is stuck. */
const STALL_MS = 60_000;

/** What {@link drainToSink} tells of a contender, in the order of the report. */
export const SINK_COLUMNS = ['eventsPerSecond', 'eventsPerCpuSecond', 'userShare', 'firstCommitMs', 'peakMiB'];

/** What {@link drain} tells of a contender, in the order of the report. */
export const DRAIN_COLUMNS = SINK_COLUMNS.toSpliced(SINK_COLUMNS.indexOf('firstCommitMs'), 0, 'firstRecordMs');

/**
 * Starts a contender and follows what its group commits until all of the input is.
 *
 * The figures are those of the time after `warmUp` records: by then code is compiled and caches are full.
 *
 * @returns events/s, events per CPU-second of the contender's process with the share of user time, the times from its start to the first
 *   record in the output and to the first commit, and its greatest memory.
 * @throws {TooLittleError} when too little was left after the warm-up.
 */
export async function drain(run) {
  const firstRecord = await awaitFirstRecord(run.cluster, run.work.output);
  try {
    const { spawnedMs, ...figures } = await measured(run);
    return { ...figures, firstRecordMs: (await firstRecord.atMs()) - spawnedMs };
  } finally {
    await firstRecord.stop();
  }
}

/** The same of a contender whose output is no topic, so without the time to the first record. */
export async function drainToSink(run) {
  const { spawnedMs: _spawnedMs, ...figures } = await measured(run);
  return figures;
}

async function measured(run) {
  const { warm, end, ...more } = await workOff(run);
  return { ...rates(end.records - warm.records, warm, end), ...more };
}

/**
 * Starts a contender, waits until its group has committed all of the input, and ends it.
 *
 * @returns how things stood after `warmUp` records and at the end (`warm`, `end`), when the process was started, the time until its
 *   first commit, and its greatest memory.
 */
export async function workOff({ cluster, program, work, prepared: { totalRecords, committedTopics }, warmUp }) {
  const contender = new ContenderProcess(program, work);
  const { spawnedMs } = contender;
  try {
    let firstCommitMs;
    let warm;
    const input = { groupId: work.applicationId, topics: committedTopics, totalRecords };
    const end = await untilCommitted(cluster, contender, input, (now) => {
      if (now.records > 0) firstCommitMs ??= now.atMs - spawnedMs;
      if (now.records >= warmUp) warm ??= now;
    });
    return { warm, end, spawnedMs, firstCommitMs, peakMiB: contender.peakMiB() };
  } finally {
    await contender.stop();
  }
}

/**
 * Waits until a contender's group has committed so many records of the topics.
 *
 * @param see is told how things stand each time that they are looked at: `{ records, atMs, cpu }`.
 * @returns how they stood at the end.
 * @throws with what the contender has said, when it has ended or commits nothing new for a minute.
 */
export async function untilCommitted(cluster, contender, { groupId, topics, totalRecords }, see = () => undefined) {
  let seen = { records: 0, atMs: performance.now() };
  for (;;) {
    contender.check();
    const records = await cluster.committedRecords(groupId, topics);
    const now = { records, atMs: performance.now(), cpu: contender.cpuSeconds() };
    see(now);
    if (records > seen.records) seen = now;
    else if (now.atMs - seen.atMs > STALL_MS)
      throw new Error(`nothing was committed after record ${records} for ${STALL_MS} ms:\n${contender.log}`);
    if (records >= totalRecords) return now;
    await sleep(POLL_MS);
  }
}
