/** Replays whose process is killed and goes on from its state. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ReplayRun, replayToTheEnd } from './replay-run.mjs';

/** Kills the replay three times at random moments of the first run's duration, then lets it finish. */
export async function killedThreeTimes(folder, random) {
  const typicalMs = 12_000;
  for (let kill = 1; kill <= 3; kill++) {
    const afterMs = 1_500 + random() * (typicalMs / 2);
    const run = new ReplayRun(folder, []);
    const early = await Promise.race([run.ended, sleep(afterMs, undefined)]);
    if (early !== undefined) throw new Error(`the replay was over before kill ${kill}:\n${early.errors}`);
    await run.kill(`kill ${kill}`);
    console.log(`   killed after ${Math.round(afterMs)} ms`);
  }
  await replayToTheEnd(folder, []);
}

/**
 * Kills the replay when it has published most of the year: then a task has the most to restore, and what it is given
 * meanwhile must wait for it.
 */
export async function killedLate(folder, random, extra = []) {
  const percent = 70 + Math.floor(random() * 15);
  const run = new ReplayRun(folder, extra);
  await run.reaches('the kill', { percent });
  await run.kill('the kill');
  console.log(`   killed at ${percent} % of the events`);
  await replayToTheEnd(folder, extra);
}
