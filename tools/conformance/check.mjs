/**
 * What CI asks of the engine: the recorded scenarios of joins in every way of running them, and a fresh seed of random ones that
 * Apache Kafka Streams answers there and then. Both come from `../shared/conformance` beside the repository; where that, or Java,
 * is absent, it says so and counts as skipped.
 *
 * `MILLRACE_CONFORMANCE_SEED` runs a seed again. Closing line: `N passed, N failed`, with the skipped ones where there are any.
 */
import { spawn } from 'node:child_process';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const shared = path.resolve(root, '../shared/conformance');
const total = { passed: 0, failed: 0, skipped: 0 };

/** Runs a command to its end, showing what it says. */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    child.on('error', (cause) => resolve({ code: 127, output: cause.message }));
    child.on('exit', (code) => resolve({ code, output }));
  });
}

async function conform(what, options) {
  console.log(`== ${what} ${options.join(' ')}`);
  const { code, output } = await run(process.execPath, ['tools/conformance/run.mjs', ...options]);
  const counted = /(\d+) passed, (\d+) failed\s*$/.exec(output);
  total.passed += Number(counted?.[1] ?? 0);
  total.failed += Number(counted?.[2] ?? 0) || (code === 0 ? 0 : 1);
}

function skip(what, remedy) {
  console.log(`SKIPPED: ${what}. Remedy: ${remedy}`);
  total.skipped++;
}

async function exists(file) {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function freshSeed() {
  const java = await run('java', ['--version']);
  if (java.code !== 0) {
    skip('no random scenarios, as Kafka Streams cannot answer them without Java', 'install Java 17 and Maven');
    return;
  }
  const seed = process.env['MILLRACE_CONFORMANCE_SEED'] ?? String(Math.floor(Math.random() * 1e9));
  console.log(`seed ${seed}: MILLRACE_CONFORMANCE_SEED=${seed} runs it again`);
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-conformance-'));
  try {
    const file = path.join(folder, `${seed}.json`);
    const { code } = await run(path.join(shared, 'oracle/make'), [seed, '300', file]);
    if (code !== 0) {
      console.log(`FAILED: the oracle ended with ${code}`);
      total.failed++;
      return;
    }
    await conform('random scenarios', [file]);
    await conform('random scenarios', ['--restart-everywhere', file]);
    await conform('random scenarios', ['--engine=lmdb', '--restart-everywhere', file]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const joins = path.join(shared, 'joins.json');
if (await exists(joins)) {
  for (const options of [
    [],
    ['--driver=merged', '--partitions=3'],
    ['--restart-everywhere'],
    ['--engine=lmdb', '--restart-everywhere'],
  ]) {
    await conform('joins', [...options, joins]);
  }
  await freshSeed();
} else {
  skip(`there are no scenarios at ${path.relative(root, shared)}`, 'put the conformance scenarios there');
}
const skipped = total.skipped === 0 ? '' : `, ${total.skipped} skipped`;
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed === 0 ? 0 : 1);
