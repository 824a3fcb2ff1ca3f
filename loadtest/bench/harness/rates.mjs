/** Figures of a stretch of work, and what is too short to have any. */

/** Less CPU time than this would be a guess: the machine counts it in steps of 0.01 s. */
const LEAST_CPU_SECONDS = 0.1;

/** There was too little work for figures; says what to do. */
export class TooLittleError extends Error {}

/**
 * @param from when the work began and how much CPU time had been used by then: `{ atMs, cpu: { user, system } }`.
 * @param to the same of its end.
 * @returns events/s, events per CPU-second, and the share of user time.
 * @throws {TooLittleError} when the work took less than 0.1 s of CPU time, or was seen to begin and to end at once.
 */
export function rates(records, from, to) {
  const elapsedMs = to.atMs - from.atMs;
  const user = to.cpu.user - from.cpu.user;
  const cpuSeconds = user + to.cpu.system - from.cpu.system;
  if (elapsedMs <= 0 || cpuSeconds < LEAST_CPU_SECONDS) {
    throw new TooLittleError(
      `the input is too small to measure: what came after the warm-up was done in ${Math.round(elapsedMs)} ms and ${cpuSeconds.toFixed(2)} s of CPU time, and takes ${LEAST_CPU_SECONDS} s at least; give several times as many --records, or a smaller --warm-up`,
    );
  }
  return {
    eventsPerSecond: (records / elapsedMs) * 1_000,
    eventsPerCpuSecond: records / cpuSeconds,
    userShare: user / cpuSeconds,
  };
}
