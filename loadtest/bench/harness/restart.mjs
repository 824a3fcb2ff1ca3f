/** Measures how a contender that has lost its state restores it. */
import { ContenderProcess } from './contender-process.mjs';
import { drain } from './drain.mjs';

/** What {@link restart} tells of a contender, in the order of the report. */
export const RESTART_COLUMNS = ['eventsPerSecond', 'eventsPerCpuSecond', 'runningMs', 'peakMiB'];

/**
 * Lets a contender build its state, then starts it again without the folder that it was in.
 *
 * @returns restored records a second and per CPU-second, from the begin of the restore to its end; the time from the start of the
 *   process until it runs, its greatest memory, and how many records it has restored.
 */
export async function restart(run) {
  await drain({ ...run, work: { ...run.work, stateFolder: `${run.work.stateFolder}-lost` } });
  const contender = new ContenderProcess(run.program, run.work);
  try {
    const begun = await contender.event('restore-start');
    const before = contender.cpuSeconds();
    const ended = await contender.event('running', ({ restored }) => restored > 0);
    const after = contender.cpuSeconds();
    const cpuSeconds = after.user + after.system - before.user - before.system;
    return {
      eventsPerSecond: (ended.restored / (ended.atMs - begun.atMs)) * 1_000,
      eventsPerCpuSecond: ended.restored / cpuSeconds,
      runningMs: ended.atMs - contender.spawnedMs,
      peakMiB: contender.peakMiB(),
      restored: ended.restored,
    };
  } finally {
    await contender.stop();
  }
}
