/**
 * `npm run verify:replay`: replays the full year through `npm start -- --once --export` and has SQL on the CSV files judge
 * every row of the exports: uninterrupted; after `kill -9` at three random moments with the same `--state`; with 1 and with 6
 * partitions; and with the records of each hour in random order.
 *
 * `--cluster` does it on three brokers of Apache Kafka in containers instead: uninterrupted, and killed late; with
 * `--kill-broker` once more, in which each broker in turn is killed and comes back.
 *
 * Options: `--only NAME` runs one of these, `--seed N` repeats the random moments and orders (printed otherwise), `--limit N`
 * replays only the first N events, whose exports are compared with those of an embedded broker, byte by byte.
 * Ends with `N passed, N failed`; exits with 1 when anything failed, with 2 when no container engine answers `--cluster`.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { EmbeddedJudge, judgeBySql } from './verify-replay/judge.mjs';
import { killedLate, killedThreeTimes } from './verify-replay/killed.mjs';
import { replayToTheEnd } from './verify-replay/replay-run.mjs';

const EXIT_USAGE = 2;
const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string' },
    limit: { type: 'string' },
    cluster: { type: 'boolean', default: false },
    'kill-broker': { type: 'boolean', default: false },
  },
});
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
const limit = options.limit === undefined ? [] : [`--limit=${options.limit}`];

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

async function clusterScenarios() {
  // What it uses of libs/testing exists once the workspace is built.
  const cluster = await import('./verify-replay/cluster.mjs');
  await cluster.prepareEngine().catch((failure) => wrongUse(failure.message));
  return {
    'three brokers': (folder) => cluster.onCluster(folder, limit),
    'three brokers, killed late': (folder) => cluster.killedOnCluster(folder, random, limit),
    ...(options['kill-broker']
      ? { 'three brokers, each killed in turn': (folder) => cluster.eachBrokerKilled(folder, limit) }
      : {}),
  };
}

const embeddedScenarios = {
  uninterrupted: (folder) => replayToTheEnd(folder, limit),
  'killed three times': (folder) => killedThreeTimes(folder, random),
  'killed late': (folder) => killedLate(folder, random, limit),
  'one partition': (folder) => replayToTheEnd(folder, ['--partitions=1', ...limit]),
  'six partitions': (folder) => replayToTheEnd(folder, ['--partitions=6', ...limit]),
  'shuffled hours': (folder) => replayToTheEnd(folder, [`--shuffle=${seed % 100_000}`, ...limit]),
};

function wrongUse(text) {
  console.log(text);
  console.log('0 passed, 1 failed');
  process.exit(EXIT_USAGE);
}

if (options['kill-broker'] && !options.cluster)
  wrongUse('--kill-broker needs --cluster: the embedded broker has nobody beside it');
if (options.limit !== undefined && !/^[1-9]\d*$/.test(options.limit)) wrongUse('--limit: give a whole number above 0');
await build();
const scenarios = options.cluster ? await clusterScenarios() : embeddedScenarios;
const known = Object.keys(scenarios);
if (options.only !== undefined && !known.includes(options.only)) {
  wrongUse(`--only: there is no '${options.only}', but ${known.map((name) => `'${name}'`).join(', ')}`);
}
console.log(`seed ${seed}`);
const total = { passed: 0, failed: 0 };
const embedded = options.limit === undefined ? undefined : await EmbeddedJudge.create(limit);
for (const [name, replay] of Object.entries(scenarios)) {
  if (options.only !== undefined && options.only !== name) continue;
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-replay-'));
  try {
    console.log(`== ${name}`);
    await replay(folder);
    const summary = JSON.parse(await readFile(`${folder}/summary.json`, 'utf8'));
    const { passed, failed, output } = await (embedded === undefined ? judgeBySql(folder) : embedded.judge(folder));
    total.passed += passed;
    total.failed += failed;
    const judge = embedded === undefined ? 'SQL' : 'those of the embedded broker';
    console.log(failed === 0 ? `   the exports equal ${judge}` : output);
    console.log(`   ${JSON.stringify(summary)}`);
    if (summary.late > 0) throw new Error(`${summary.late} records were late, and the data has none`);
  } catch (failure) {
    total.failed++;
    console.log(`   FAILED: ${failure instanceof Error ? failure.message : String(failure)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
await embedded?.remove();
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
