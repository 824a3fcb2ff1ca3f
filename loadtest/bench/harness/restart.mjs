/** Measures how a contender that has lost its state restores it. */
import { ContenderProcess } from './contender-process.mjs';
import { untilCommitted, workOff } from './drain.mjs';
import { rates } from './rates.mjs';

/** What {@link restart} tells of a contender, in the order of the report. */
export const RESTART_COLUMNS = ['eventsPerSecond', 'eventsPerCpuSecond', 'runningMs', 'peakMiB'];

/**
 * Lets a contender build its state, then starts it again without the folder that it was in. When the figures are taken, it gets the
 * prepared `probes` as its input, so that its output shows what it has restored.
 *
 * @returns restored records a second and per CPU-second, from the begin of the restore to its end; the time from the start of the
 *   process until it runs, its greatest memory, and how many records it has restored.
 * @throws {TooLittleError} when there was too little to restore.
 */
export async function restart(run) {
  await workOff({ ...run, work: { ...run.work, stateFolder: `${run.work.stateFolder}-lost` } });
  const contender = new ContenderProcess(run.program, run.work);
  try {
    const begun = await contender.event('restore-start');
    const from = { atMs: begun.atMs, cpu: contender.cpuSeconds() };
    const ended = await contender.event('running', ({ restored }) => restored > 0);
    const figures = {
      ...rates(ended.restored, from, { atMs: ended.atMs, cpu: contender.cpuSeconds() }),
      runningMs: ended.atMs - contender.spawnedMs,
      peakMiB: contender.peakMiB(),
      restored: ended.restored,
    };
    const { cluster, work, prepared } = run;
    const totalRecords = await cluster.fill(work.input, prepared.probes());
    await untilCommitted(cluster, contender, { groupId: work.applicationId, topics: [work.input], totalRecords });
    return figures;
  } finally {
    await contender.stop();
  }
}
