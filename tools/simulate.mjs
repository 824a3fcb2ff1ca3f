/**
 * `npm run simulate`: runs the runtime, the client and the in-process broker on one virtual clock, one seed a run, while
 * processes crash, freeze and lose their connections, and checks that the invariants of exactly-once hold.
 *
 * Options: `--seeds N` how many seeds (default 200), `--from S` the first of them (default 1), `--seed S` this one alone, with
 * all that came of it, `--workers W` how many run side by side (default: one a core).
 *
 * Prints each seed that fails with the invariant that it violates and the command that replays it; a table of what
 * happened in all runs; and ends with `N passed, N failed`. Exits with 1 when anything failed, with 2 when it was called
 * the wrong way.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { build } from './build.mjs';

const USAGE = 'usage: npm run simulate -- [--seeds N] [--from S] [--seed S] [--workers W]';
/** How many lines of progress a long run prints. */
const PROGRESS_LINES = 10;

/** What the command line asks for. */
function asked() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '200' },
        from: { type: 'string', default: '1' },
        seed: { type: 'string' },
        workers: { type: 'string', default: String(availableParallelism()) },
      },
    });
    const isSingle = values.seed !== undefined;
    const from = Number(values.seed ?? values.from);
    const seeds = isSingle ? 1 : Number(values.seeds);
    const workers = Math.min(Number(values.workers), seeds);
    const areWhole = [from, seeds, workers].every((value) => Number.isSafeInteger(value) && value >= 0);
    if (areWhole && seeds > 0 && workers > 0) return { from, seeds, workers, isSingle };
  } catch (cause) {
    console.error(cause.message);
  }
  console.error(USAGE);
  process.exit(2);
}

/** Runs seeds that the main thread names, one after the other. */
async function work() {
  const { Simulation } = await import('../libs/runtime/dist/simulation/simulation.js');
  parentPort.on('message', async (seed) => {
    const startedMs = performance.now();
    const report = await new Simulation(seed).run();
    parentPort.postMessage({ report, durationMs: performance.now() - startedMs });
  });
}

/** Hands the seeds to workers and calls `done` with each report. */
async function runSeeds({ from, seeds, workers }, done) {
  let next = from;
  const worker = () =>
    new Promise((resolve, reject) => {
      const thread = new Worker(fileURLToPath(import.meta.url));
      const give = () => {
        if (next >= from + seeds) void thread.terminate().then(resolve);
        else thread.postMessage(next++);
      };
      thread.on('error', reject);
      thread.on('message', (result) => {
        done(result);
        give();
      });
      give();
    });
  await Promise.all(Array.from({ length: workers }, worker));
}

/** What happened in all runs together. */
class Totals {
  #faults = new Map();
  #figures = new Map();

  add({ report }) {
    for (const [fault, times] of Object.entries(report.faults)) this.#add(this.#faults, fault, times);
    const {
      guarantee,
      commits,
      aborts,
      plainCommits,
      repeats,
      generations,
      zombies,
      fenced,
      inputRecords,
      abortedRecords,
      effects,
      virtualMs,
    } = report;
    const figures = {
      'runs exactly once': guarantee === 'exactly_once' ? 1 : 0,
      'runs at least once': guarantee === 'at_least_once' ? 1 : 0,
      'transactions committed': commits,
      'commits of offsets at least once': plainCommits,
      'transactions aborted by the application': aborts,
      'group generations': generations,
      'zombies left behind': zombies,
      'zombies fenced': fenced,
      'input records': inputRecords,
      'of them in aborted transactions': abortedRecords,
      'effects checked': effects,
      'effects that came again, at least once': repeats,
      'virtual seconds': virtualMs / 1000,
    };
    for (const [name, value] of Object.entries(figures)) this.#add(this.#figures, name, value);
  }

  print() {
    const rows = [['fault', 'fired'], ...this.#faults, ['', ''], ...this.#figures];
    const width = Math.max(...rows.map(([name]) => name.length));
    for (const [name, value] of rows) {
      const text = typeof value === 'number' ? Math.round(value).toLocaleString('en') : value;
      console.log(`${name.padEnd(width)}  ${text.padStart(12)}`.trimEnd());
    }
  }

  #add(counts, name, value) {
    counts.set(name, (counts.get(name) ?? 0) + value);
  }
}

async function main() {
  const options = asked();
  await build();
  const totals = new Totals();
  let passed = 0;
  let failed = 0;
  await runSeeds(options, (result) => {
    const { seed, violation } = result.report;
    totals.add(result);
    if (violation === undefined) passed++;
    else {
      failed++;
      console.log(`FAILED seed ${seed}, ${violation.invariant} after ${Math.round(violation.atMs)} ms of its time`);
      console.log(`  ${violation.message}`);
      console.log(`  npm run simulate -- --seed ${seed}`);
    }
    if (options.isSingle) console.log(JSON.stringify(result.report, null, 2));
    const done = passed + failed;
    const step = Math.ceil(options.seeds / PROGRESS_LINES);
    if (!options.isSingle && done % step === 0) console.log(`${done} of ${options.seeds} seeds`);
  });
  if (!options.isSingle) totals.print();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

await (isMainThread ? main() : work());
