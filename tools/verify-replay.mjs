/**
 * `npm run verify:replay`: replays the full year through `npm start -- --once --export` and has SQL on the CSV files judge
 * every row of the exports: uninterrupted; after `kill -9` at three random moments with the same `--state`; with 1 and with 6
 * partitions; and with the records of each hour in random order.
 *
 * Options: `--only NAME` runs one of these, `--seed N` repeats the random moments and orders (printed otherwise).
 * Ends with `N passed, N failed`; exits with 1 when anything failed.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({ options: { only: { type: 'string' }, seed: { type: 'string' } } });
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));

/** A repeatable sequence of numbers in [0, 1) (mulberry32). */
function randomFrom(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = randomFrom(seed);

/** Starts the replay without the npm wrapper, so that a kill reaches the process that does the work. */
function startReplay(folder, extra) {
  const child = spawn(
    process.execPath,
    [
      'apps/standalone/dist/main.js',
      '--once',
      '--port=0',
      '--broker-port=0',
      `--state=${folder}/state`,
      `--export=${folder}/export`,
      `--json=${folder}/summary.json`,
      ...extra,
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-20_000)));
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal, errors })));
  return { child, ended };
}

async function replayToTheEnd(folder, extra) {
  const { code, signal, errors } = await startReplay(folder, extra).ended;
  if (code !== 0) throw new Error(`the replay ended with ${signal ?? code}:\n${errors}`);
}

function verifyExports(folder) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['tools/verify-exports/run.mjs', '--export', `${folder}/export`], {
      cwd: root,
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('exit', (code) => resolve({ code, output }));
  });
}

/** Kills the replay three times at random moments of the first run's duration, then lets it finish. */
async function killedThreeTimes(folder) {
  const typicalMs = 12_000;
  for (let kill = 1; kill <= 3; kill++) {
    const afterMs = 1_500 + random() * (typicalMs / 2);
    await killedAt(folder, `kill ${kill}`, ({ ended }) => Promise.race([ended, sleep(afterMs, undefined)]));
    console.log(`   killed after ${Math.round(afterMs)} ms`);
  }
  await replayToTheEnd(folder, []);
}

/**
 * Kills the replay when it has published most of the year: then a task has the most to restore, and what it is given
 * meanwhile must wait for it.
 */
async function killedLate(folder) {
  const percent = 70 + Math.floor(random() * 15);
  await killedAt(folder, 'the kill', ({ child, ended }) => {
    const published = new Promise((resolve) => {
      let text = '';
      child.stderr.on('data', (chunk) => {
        text = (text + chunk).slice(-10_000);
        const shown = [...text.matchAll(/replay: .*\((\d+) %\)/g)].at(-1);
        if (shown !== undefined && Number(shown[1]) >= percent) resolve(undefined);
      });
    });
    return Promise.race([ended, published]);
  });
  console.log(`   killed at ${percent} % of the events`);
  await replayToTheEnd(folder, []);
}

async function killedAt(folder, what, moment) {
  const replay = startReplay(folder, []);
  const early = await moment(replay);
  if (early !== undefined) throw new Error(`the replay was over before ${what}:\n${early.errors}`);
  replay.child.kill('SIGKILL');
  await replay.ended;
}

const scenarios = {
  uninterrupted: (folder) => replayToTheEnd(folder, []),
  'killed three times': killedThreeTimes,
  'killed late': killedLate,
  'one partition': (folder) => replayToTheEnd(folder, ['--partitions=1']),
  'six partitions': (folder) => replayToTheEnd(folder, ['--partitions=6']),
  'shuffled hours': (folder) => replayToTheEnd(folder, [`--shuffle=${seed % 100_000}`]),
};

await build();
console.log(`seed ${seed}`);
const total = { passed: 0, failed: 0 };
for (const [name, replay] of Object.entries(scenarios)) {
  if (options.only !== undefined && options.only !== name) continue;
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-replay-'));
  try {
    console.log(`== ${name}`);
    await replay(folder);
    const summary = JSON.parse(await readFile(`${folder}/summary.json`, 'utf8'));
    const { code, output } = await verifyExports(folder);
    const counted = /(\d+) passed, (\d+) failed\s*$/.exec(output);
    if (counted === null) throw new Error(`the verification ended with ${code} and no count:\n${output}`);
    total.passed += Number(counted[1]);
    total.failed += Number(counted[2]);
    console.log(`${counted[2] === '0' ? '   the exports equal SQL' : output}`);
    console.log(`   ${JSON.stringify(summary)}`);
    if (summary.late > 0) throw new Error(`${summary.late} records were late, and the data has none`);
  } catch (failure) {
    total.failed++;
    console.log(`   FAILED: ${failure instanceof Error ? failure.message : String(failure)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
